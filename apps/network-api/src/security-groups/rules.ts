import type { SecurityGroupRule, SecurityGroupRuleInput } from '@patchpanel/contract-network';
import type { FieldError } from '@patchpanel/service-kit';
import { formatCidr, parseCidr, storedCidr } from '../addresses/ip.ts';

/** What a rule lets through, in the one form that it is kept and compared in. */
export interface RuleContent {
  readonly direction: 'ingress' | 'egress';
  readonly ether_type: 'ipv4' | 'ipv6';
  /** The number of the IP protocol (IANA). */
  readonly protocol: number | null;
  readonly port_min: number | null;
  readonly port_max: number | null;
  readonly icmp_type: number | null;
  readonly icmp_code: number | null;
  readonly remote_cidr: string | null;
  readonly remote_group_id: string | null;
}

/** A rule as it is kept. */
export interface RuleRow extends RuleContent {
  readonly id: string;
  readonly security_group_id: string;
  readonly project_id: string;
  readonly description: string;
  readonly created_at: string;
}

/** What an input means, or what is wrong with it. */
export type ReadRule =
  { readonly content: RuleContent } | { readonly errors: readonly [FieldError, ...FieldError[]] };

const protocolNumbers = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;
const protocolNames = new Map<number, string>(
  Object.entries(protocolNumbers).map(([name, number]) => [number, name]),
);

const withPorts: readonly number[] = [protocolNumbers.tcp, protocolNumbers.udp, protocolNumbers.sctp];
const icmpOf = { ipv4: 'icmp', ipv6: 'icmpv6' } as const;

/** A rule that lets everything of one IP version pass. */
export function ruleForAll(
  direction: RuleContent['direction'],
  etherType: RuleContent['ether_type'],
  remoteGroupId: string | null = null,
): RuleContent {
  return {
    direction,
    ether_type: etherType,
    protocol: null,
    port_min: null,
    port_max: null,
    icmp_type: null,
    icmp_code: null,
    remote_cidr: null,
    remote_group_id: remoteGroupId,
  };
}

/** Reads a rule and finds everything that is wrong with it. Whether the remote group exists is for others to say. */
export function readRule(input: SecurityGroupRuleInput): ReadRule {
  const { direction, etherType, portMin, portMax, icmpType, icmpCode, remoteCidr, remoteGroupId } = input;
  const protocol = readProtocol(input);
  const number = typeof protocol === 'number' ? protocol : null;
  const cidr = remoteCidr === undefined ? undefined : readRemote(remoteCidr, etherType);
  const [error, ...more]: FieldError[] = [
    ...(isFault(protocol) ? [protocol] : [...portFaults(input, number), ...icmpFaults(input, number)]),
    ...(isFault(cidr) ? [cidr] : []),
    ...(remoteCidr !== undefined && remoteGroupId !== undefined
      ? [{ pointer: '/remoteGroupId', detail: 'goes without remoteCidr' }]
      : []),
  ];
  if (error) return { errors: [error, ...more] };
  return {
    content: {
      direction,
      ether_type: etherType,
      protocol: number,
      port_min: portMin ?? null,
      port_max: portMax ?? null,
      icmp_type: icmpType ?? null,
      icmp_code: icmpCode ?? null,
      remote_cidr: typeof cidr === 'string' ? cidr : null,
      remote_group_id: remoteGroupId?.toLowerCase() ?? null,
    },
  };
}

/** As on the wire. */
export function toRule(row: RuleRow): SecurityGroupRule {
  return {
    id: row.id,
    securityGroupId: row.security_group_id,
    projectId: row.project_id,
    direction: row.direction,
    etherType: row.ether_type,
    ...(row.protocol === null ? {} : { protocol: protocolNames.get(row.protocol) ?? String(row.protocol) }),
    ...toMatch(row),
    description: row.description,
    createdAt: row.created_at,
  };
}

/** What users and hosts see alike of a rule. */
export function toMatch(row: RuleContent) {
  return {
    ...(row.port_min === null || row.port_max === null
      ? {}
      : { portMin: row.port_min, portMax: row.port_max }),
    ...(row.icmp_type === null ? {} : { icmpType: row.icmp_type }),
    ...(row.icmp_code === null ? {} : { icmpCode: row.icmp_code }),
    ...(row.remote_cidr === null ? {} : { remoteCidr: formatCidr(storedCidr(row.remote_cidr)) }),
    ...(row.remote_group_id === null ? {} : { remoteGroupId: row.remote_group_id }),
  };
}

function isFault(value: unknown): value is FieldError {
  return typeof value === 'object' && value !== null && 'pointer' in value;
}

/** Each ICMP goes with its IP version (RFC 792, RFC 4443). */
function readProtocol({ protocol, etherType }: SecurityGroupRuleInput): number | undefined | FieldError {
  if (protocol === undefined) return undefined;
  const fault = (detail: string) => ({ pointer: '/protocol', detail });
  const number = isNamed(protocol) ? protocolNumbers[protocol] : Number(protocol);
  if (String(number) !== protocol && !isNamed(protocol))
    return fault('must be written without leading zeros');
  if (number > 255) return fault('must be a number from 0 to 255');
  const other = icmpOf[etherType === 'ipv4' ? 'ipv6' : 'ipv4'];
  if (number === protocolNumbers[other])
    return fault(`must be ${icmpOf[etherType]} with etherType ${etherType}`);
  return number;
}

function isNamed(protocol: string): protocol is keyof typeof protocolNumbers {
  return Object.hasOwn(protocolNumbers, protocol);
}

function portFaults({ portMin, portMax }: SecurityGroupRuleInput, protocol: number | null): FieldError[] {
  if (portMin === undefined && portMax === undefined) return [];
  if (portMin === undefined) return [{ pointer: '/portMin', detail: 'must be given with portMax' }];
  if (portMax === undefined) return [{ pointer: '/portMax', detail: 'must be given with portMin' }];
  if (protocol === null || !withPorts.includes(protocol)) {
    return [{ pointer: '/portMin', detail: 'goes only with protocol tcp, udp or sctp' }];
  }
  return portMax < portMin ? [{ pointer: '/portMax', detail: 'must not be less than portMin' }] : [];
}

function icmpFaults(
  { icmpType, icmpCode, etherType }: SecurityGroupRuleInput,
  protocol: number | null,
): FieldError[] {
  if (icmpType === undefined && icmpCode === undefined) return [];
  const pointer = icmpType === undefined ? '/icmpCode' : '/icmpType';
  const icmp = icmpOf[etherType];
  if (protocol !== protocolNumbers[icmp]) return [{ pointer, detail: `goes only with protocol ${icmp}` }];
  return icmpType === undefined ? [{ pointer, detail: 'must be given with icmpType' }] : [];
}

function readRemote(text: string, etherType: 'ipv4' | 'ipv6'): string | FieldError {
  const pointer = '/remoteCidr';
  const cidr = parseCidr(text);
  if (!cidr.isValid) return { pointer, detail: cidr.reason };
  if (`ipv${cidr.value.version}` !== etherType)
    return { pointer, detail: `must be of etherType ${etherType}` };
  return formatCidr(cidr.value);
}
