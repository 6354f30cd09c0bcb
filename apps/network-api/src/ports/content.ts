import type { AllowedAddressPair, PortInput } from '@patchpanel/contract-network';
import type { FieldError } from '@patchpanel/service-kit';
import { formatCidr, formatIp, parseCidr, parseIp } from '../addresses/ip.ts';
import { readMacAddress } from '../attachments/mac.ts';
import type { NetworkRow } from '../networks/store.ts';
import { invalidRequest, problem } from '../problems.ts';
import { requireFeatures, type FeatureDemand } from '../providers/features.ts';
import { addressesOfMember, groupNotFound, type Membership } from '../security-groups/membership.ts';
import { normaliseTags } from '../tags/store.ts';
import type { Site } from './site.ts';
import type { PortContent } from './store.ts';

/** What a caller says of a port, brought to one spelling. What is undefined was not said. */
export interface PortWords {
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly tags: readonly string[] | undefined;
  readonly admin_state: PortContent['admin_state'] | undefined;
  readonly port_security: PortContent['port_security'] | undefined;
  readonly allowed_address_pairs: readonly AllowedAddressPair[] | undefined;
  readonly security_group_ids: readonly string[] | undefined;
  readonly lease_seconds: number | null | undefined;
}

/** The fields that creating and changing a port have in common. */
export type PortFields = Omit<PortInput, 'fixedIps' | 'leaseSeconds'> & {
  readonly leaseSeconds?: number | null;
};

/**
 * Reads what a caller says of a port. Throws `invalid-request` for what the document alone can't tell.
 * @param pointer where in the request it is said.
 */
export function readPort(input: PortFields, pointer: string): PortWords {
  return {
    name: input.name,
    description: input.description,
    tags: input.tags && normaliseTags(input.tags),
    admin_state: input.adminState,
    port_security: input.portSecurity,
    allowed_address_pairs:
      input.allowedAddressPairs && readPairs(input.allowedAddressPairs, `${pointer}/allowedAddressPairs`),
    security_group_ids: input.securityGroupIds && [...new Set(input.securityGroupIds)].toSorted(),
    lease_seconds: input.leaseSeconds,
  };
}

/** What a port brings into its groups. */
export function membershipOf(
  port: Pick<PortContent, 'security_group_ids' | 'fixed_ips' | 'allowed_address_pairs'>,
): Membership {
  return {
    groupIds: port.security_group_ids,
    addresses: addressesOfMember({
      fixedIps: port.fixed_ips,
      allowedAddressPairs: port.allowed_address_pairs,
    }),
  };
}

/** Throws `security-group-not-found` unless each group that a caller names is one of their project. */
export function checkGroups(
  projectId: string,
  groupIds: readonly string[] | undefined,
  projectOf: ReadonlyMap<string, string>,
  pointer: string,
): void {
  for (const [index, groupId] of (groupIds ?? []).entries()) {
    if (projectOf.get(groupId) !== projectId)
      throw groupNotFound(groupId, `${pointer}/securityGroupIds/${index}`);
  }
}

/**
 * Throws unless the network lets a caller of this project have such a port: `network-owner-required` for what only its owner may,
 * `provider-lacks-feature` for what its provider can't, `invalid-request` for what contradicts itself.
 * @param port the port as it would be, with the groups that were named.
 * @param words what of it was said now.
 */
export function checkPort(
  { network, provider }: Pick<Site, 'network' | 'provider'>,
  port: Pick<PortContent, 'project_id' | 'port_security' | 'security_group_ids'>,
  words: PortWords,
  pointer: string,
): void {
  if (port.port_security === 'off' && port.security_group_ids.length > 0) {
    const detail = 'must be empty while port security is off';
    throw invalidRequest([{ pointer: `${pointer}/securityGroupIds`, detail }]);
  }
  requireOwner(network, port.project_id, [
    ...(words.port_security === 'off' ? [`${pointer}/portSecurity`] : []),
    ...(words.allowed_address_pairs?.length ? [`${pointer}/allowedAddressPairs`] : []),
  ]);
  const demands: FeatureDemand[] = [
    ...(words.admin_state === 'down'
      ? [{ feature: 'port-admin-state', pointer: `${pointer}/adminState` } as const]
      : []),
    ...(words.port_security === 'off'
      ? [{ feature: 'port-security-off', pointer: `${pointer}/portSecurity` } as const]
      : []),
    ...(words.allowed_address_pairs?.length
      ? [{ feature: 'allowed-address-pairs', pointer: `${pointer}/allowedAddressPairs` } as const]
      : []),
    ...(words.security_group_ids?.length
      ? [{ feature: 'security-groups', pointer: `${pointer}/securityGroupIds` } as const]
      : []),
  ];
  requireFeatures(provider, demands);
}

function requireOwner(network: NetworkRow, projectId: string, pointers: readonly string[]): void {
  if (network.project_id === projectId || pointers.length === 0) return;
  throw problem(
    'network-owner-required',
    "The network is another project's: only its owner may say this of a port in it. Leave it out.",
    { errors: pointers.map((pointer) => ({ pointer, detail: "is for the network's owner" })) },
  );
}

function readPairs(pairs: readonly AllowedAddressPair[], pointer: string): AllowedAddressPair[] {
  const errors: FieldError[] = [];
  const read = new Map<string, AllowedAddressPair>();
  for (const [index, { ipAddress, macAddress }] of pairs.entries()) {
    const address = readPrefix(ipAddress, `${pointer}/${index}/ipAddress`);
    const mac =
      macAddress === undefined ? undefined : readMacAddress(macAddress, `${pointer}/${index}/macAddress`);
    if (typeof address === 'object') errors.push(address);
    else if (mac && 'detail' in mac) errors.push(mac);
    else read.set(`${address} ${mac?.macAddress ?? ''}`, { ipAddress: address, ...mac });
  }
  if (errors.length > 0) throw invalidRequest(errors);
  return [...read.values()];
}

function readPrefix(text: string, pointer: string): string | FieldError {
  if (text.includes('/')) {
    const cidr = parseCidr(text);
    return cidr.isValid ? formatCidr(cidr.value) : { pointer, detail: cidr.reason };
  }
  const ip = parseIp(text);
  return ip.isValid ? formatIp(ip.value.version, ip.value.value) : { pointer, detail: ip.reason };
}
