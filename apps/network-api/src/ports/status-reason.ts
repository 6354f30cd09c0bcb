import type { PortRow } from './store.ts';

/** What of a port's row says why it is not `active`. */
export type PortStanding = Pick<
  PortRow,
  'status' | 'status_reason' | 'admin_state' | 'network_admin_state' | 'host_name' | 'bound_at'
>;

/** As the document bounds it. */
const longest = 1000;

/**
 * Says why a port is not `active`, and what would make it so; undefined when it is. What keeps traffic out besides (an
 * administrative state that is down) is said, too.
 */
export function statusReasonOf(port: PortStanding): string | undefined {
  if (port.status === 'active') return undefined;
  const words = [mainReason(port), downReason(port)].filter((reason) => reason !== undefined).join(' ');
  return words.length <= longest ? words : `${words.slice(0, longest - 1)}…`.toWellFormed();
}

function mainReason({
  status,
  status_reason: given,
  host_name: host,
  bound_at: since,
}: PortStanding): string {
  switch (status) {
    case 'available':
      return 'Nothing is plugged in.';
    case 'plugged':
      return 'No host realises the plugged vNIC yet. Start a machine that has it.';
    case 'building':
      return host === null || since === null
        ? 'A host wires it, and has not proven it yet.'
        : `Host ${host} has it since ${since}, and has not proven the wiring yet.`;
    case 'error':
      return (
        given ?? `${host === null ? 'Its host' : `Host ${host}`} reports a failure, and gives no reason.`
      );
    case 'active':
      throw new Error('an active port needs no reason');
  }
}

function downReason({ admin_state: port, network_admin_state: network }: PortStanding): string | undefined {
  if (port === 'down') return 'The port is switched off (adminState is down).';
  if (network === 'down') return 'Its network is switched off (adminState is down).';
  return undefined;
}
