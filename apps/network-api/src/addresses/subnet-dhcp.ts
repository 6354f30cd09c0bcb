import { formatIp, parseIp, type Cidr } from './ip.ts';
import { isInRanges, subtractRanges } from './range-sets.ts';
import type { Range } from './ranges.ts';
import type { Ipv6Mode, PlanIssue, SubnetChange } from './subnet-change.ts';
import { describeUsable, isUsable, usableRange } from './usable.ts';

/** Whether DHCP (or DHCPv6) answers in a subnet, and from where. */
export interface DhcpPlan {
  /** Undefined where nobody answers. */
  readonly server: bigint | undefined;
  /** Undefined exactly for IPv4. */
  readonly ipv6Mode: Ipv6Mode | undefined;
}

/** What decides about DHCP beside what the caller says of it. */
export interface DhcpSurroundings {
  readonly cidr: Cidr;
  readonly gateway: bigint | undefined;
  /** Undefined: whatever is left. */
  readonly pools: readonly Range[] | undefined;
  readonly before: DhcpPlan | undefined;
}

/** From so many usable addresses on machines of an IPv4 subnet learn theirs by DHCP, unless the caller says otherwise. */
const smallestWithDhcp = 5n;
/** IPv6 subnets with a longer prefix are `static`, unless the caller says otherwise. */
const longestWithDhcpv6 = 120;
/** RFC 2526 keeps the highest 128 interface identifiers of each subnet for anycast. */
const anycastCount = 128n;
/** In a /64 interface identifiers are of the form EUI-64, of which that is `fdff:ffff:ffff:ff80` and behind (RFC 2526 §2). */
const firstAnycastOf64 = 0xfdffffffffffff80n;

/** Works out whether DHCP answers and from which address: one of the subnet's usable ones, but neither the gateway's nor in a pool. */
export function planDhcp(said: SubnetChange, around: DhcpSurroundings): DhcpPlan | PlanIssue {
  const misplaced = misplacedField(said, around.cidr);
  if (misplaced) return misplaced;
  const ipv6Mode = around.cidr.version === 6 ? modeOf(said, around) : undefined;
  const isOn = ipv6Mode === undefined ? isDhcpOn(said, around) : ipv6Mode === 'dhcpv6-stateful';
  if (!isOn) {
    if (said.dhcpServerIp === undefined) return { server: undefined, ipv6Mode };
    return { pointer: '/dhcpServerIp', detail: `must not be given: ${wordsForOff(around.cidr)}` };
  }
  if (said.dhcpServerIp !== undefined) {
    const server = readServer(said.dhcpServerIp, around);
    return 'detail' in server ? server : { server: server.value, ipv6Mode };
  }
  const server = around.before?.server ?? chooseServer(around);
  if (server !== undefined) return { server, ipv6Mode };
  return {
    pointer: said.allocationPools === undefined ? pointerOfSwitch(around.cidr) : '/allocationPools',
    detail: 'leaves no address for DHCP to answer from: leave one out of the pools, or switch DHCP off',
  };
}

/** Where in a request DHCP is switched on and off. */
export function pointerOfSwitch({ version }: Cidr): string {
  return version === 4 ? '/dhcpEnabled' : '/ipv6Mode';
}

function misplacedField(said: SubnetChange, { version }: Cidr): PlanIssue | undefined {
  if (version === 4 && said.ipv6Mode !== undefined) {
    return { pointer: '/ipv6Mode', detail: 'must not be given for an IPv4 subnet, which has dhcpEnabled' };
  }
  if (version === 6 && said.dhcpEnabled !== undefined) {
    return { pointer: '/dhcpEnabled', detail: 'must not be given for an IPv6 subnet, which has ipv6Mode' };
  }
  return undefined;
}

function modeOf(said: SubnetChange, { cidr, before }: DhcpSurroundings): Ipv6Mode {
  const usual = cidr.prefixLength > longestWithDhcpv6 ? 'static' : 'dhcpv6-stateful';
  return said.ipv6Mode ?? before?.ipv6Mode ?? usual;
}

function isDhcpOn(said: SubnetChange, { cidr, before }: DhcpSurroundings): boolean {
  if (said.dhcpEnabled !== undefined) return said.dhcpEnabled;
  if (before) return before.server !== undefined;
  const { first, last } = usableRange(cidr);
  return last - first + 1n >= smallestWithDhcp;
}

function readServer(
  text: string,
  { cidr, gateway, pools }: DhcpSurroundings,
): { readonly value: bigint } | PlanIssue {
  const pointer = '/dhcpServerIp';
  const parsed = parseIp(text);
  if (!parsed.isValid) return { pointer, detail: parsed.reason };
  const { value } = parsed.value;
  if (!isUsable(cidr, parsed.value)) return { pointer, detail: `must be ${describeUsable(cidr)}` };
  if (value === gateway) return { pointer, detail: 'must not be the gateway' };
  if (pools && isInRanges(pools, value)) {
    return {
      pointer,
      detail: `must not be in the allocation pools, which have ${formatIp(cidr.version, value)}`,
    };
  }
  return { value };
}

/** The last address that is nobody else's, of IPv6 the last one before those that are kept for anycast. */
function chooseServer({ cidr, gateway, pools = [] }: DhcpSurroundings): bigint | undefined {
  const taken = gateway === undefined ? pools : [...pools, { first: gateway, last: gateway }];
  const usable = usableRange(cidr);
  const left = subtractRanges([usable], taken);
  const anycast = { first: firstAnycast(cidr), last: cidr.last };
  return (subtractRanges(left, [anycast]).at(-1) ?? left.at(-1))?.last;
}

function firstAnycast({ version, first, last, prefixLength }: Cidr): bigint {
  if (version === 4) return last + 1n;
  return prefixLength === 64 ? first + firstAnycastOf64 : last - anycastCount + 1n;
}

function wordsForOff({ version }: Cidr): string {
  return version === 4 ? 'the subnet has DHCP switched off' : 'the ipv6Mode of the subnet is static';
}
