import type { Plan } from './desired.ts';
import { gatewayOf, machineEndOf, strayAddresses, strayRoutes } from './differences.ts';
import { networkLabel, vnicLabel } from './labels.ts';
import type { ActualRoute, Snapshot } from './snapshot.ts';

/**
 * Lines for `ip -batch`, in four parts between which other things happen. Each may be repeated: what is right already is
 * set to what it is.
 */

/** Makes the links, down and apart, so that no frame passes before the rules are there. */
export function makeLinks(instance: string, plan: Plan, { bridge, hostEnd }: Snapshot): string {
  const { bridge: bridgeName, hostEnd: hostEndName, identity, device, mtu } = plan;
  const bridgeOptions =
    'forward_delay 0 mcast_snooping 0 nf_call_iptables 0 nf_call_ip6tables 0 nf_call_arptables 0';
  const makeHostEnd =
    device.kind === 'tap'
      ? [`tuntap add dev ${hostEndName} mode tap user ${device.ownerUid}`]
      : [
          `link add name ${hostEndName} mtu ${mtu} type veth peer name ${device.interfaceName} ` +
            `address ${plan.macAddress} mtu ${mtu} netns /proc/self/fd/3`,
        ];
  return lines([
    bridge === undefined
      ? `link add name ${bridgeName} type bridge stp_state 0`
      : `link set dev ${bridgeName} type bridge stp_state 0`,
    // Apart, because with spanning tree on the kernel refuses a forward delay of 0.
    `link set dev ${bridgeName} type bridge ${bridgeOptions}`,
    `link set dev ${bridgeName} alias ${networkLabel(instance, identity.networkId)} arp off addrgenmode none`,
    ...(hostEnd === undefined ? makeHostEnd : []),
    // Off its former network before it gets the rules of the new one.
    ...(hostEnd?.master !== undefined && hostEnd.master !== bridgeName
      ? [`link set dev ${hostEndName} nomaster`]
      : []),
    // The label first: from here on an older order is refused, whatever else happens.
    `link set dev ${hostEndName} alias ${vnicLabel(instance, identity)} mtu ${mtu} arp off addrgenmode none`,
    ...(bridge === undefined || bridge.addr_info?.length === 0 ? [] : [`addr flush dev ${bridgeName}`]),
    ...(hostEnd === undefined || hostEnd.addr_info?.length === 0 ? [] : [`addr flush dev ${hostEndName}`]),
  ]);
}

/** Joins the host end to its bridge, once the rules are in place. From here on the bridge is not removed under it. */
export function joinLinks({ bridge, hostEnd }: Plan): string {
  return lines([`link set dev ${hostEnd} master ${bridge}`]);
}

/** Lets frames pass, or none. */
export function raiseLinks({ bridge, hostEnd, isUp }: Plan): string {
  return lines([`link set dev ${bridge} up`, `link set dev ${hostEnd} ${isUp ? 'up' : 'down'}`]);
}

/** Sets up the inside of a machine: exactly the planned MAC, MTU, addresses and routes on this link, and loopback. */
export function setUpInside(plan: Plan, { hostEnd, inside }: Snapshot): string {
  if (plan.device.kind !== 'namespace') return '';
  const name = plan.device.interfaceName;
  const end = machineEndOf(hostEnd, inside);
  const mustChangeMac = end !== undefined && end.address !== plan.macAddress;
  return lines([
    'link set dev lo up',
    ...(end === undefined || inside === undefined
      ? []
      : [
          ...strayRoutes(plan, inside.routes).map((route) => deleteRoute(name, route)),
          ...strayAddresses(plan, end).map((cidr) => `addr del ${cidr} dev ${name}`),
        ]),
    `link set dev ${name} ${mustChangeMac ? `address ${plan.macAddress} ` : ''}mtu ${plan.mtu} addrgenmode none`,
    `link set dev ${name} up`,
    // Addresses are unique by reservation, and nobody else may claim them: no need to wait for duplicate address detection.
    ...plan.addresses.map(({ ipAddress, prefixLength }) =>
      ipAddress.includes(':')
        ? `addr replace ${ipAddress}/${prefixLength} dev ${name} nodad`
        : `addr replace ${ipAddress}/${prefixLength} ${prefixLength > 30 ? '' : 'brd + '}dev ${name}`,
    ),
    ...plan.routes.map(
      ({ gatewayIp, metric, isOffPrefix }) =>
        `route replace default via ${gatewayIp} dev ${name} metric ${metric}${isOffPrefix ? ' onlink' : ''}`,
    ),
  ]);
}

function deleteRoute(name: string, route: ActualRoute): string {
  const everything = route.pref === undefined ? '0.0.0.0/0' : '::/0';
  const destination = route.dst === 'default' ? everything : route.dst;
  const gateway = gatewayOf(route) === '' ? '' : ` via ${gatewayOf(route)}`;
  const metric = route.metric === undefined ? '' : ` metric ${route.metric}`;
  return `route del ${route.type ?? 'unicast'} ${destination}${gateway} dev ${name} table ${route.table ?? 'main'}${metric}`;
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join('');
}
