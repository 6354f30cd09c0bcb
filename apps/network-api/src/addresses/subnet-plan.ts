import { formatIp, parseCidr, parseIp, type Cidr } from './ip.ts';
import { isInRanges, subtractRanges } from './range-sets.ts';
import type { Range } from './ranges.ts';
import type { HostRoute, PlanIssue, SubnetAddressing, SubnetChange } from './subnet-change.ts';
import { planDhcp, pointerOfSwitch, type DhcpPlan } from './subnet-dhcp.ts';
import { readDnsServers, readHostRoutes } from './subnet-told.ts';
import { blockKeptFromSubnets, describeUsable, isTiny, isUsable, usableRange } from './usable.ts';

/**
 * A subnet's addresses and what machines are told of it, checked and in canonical form. Pools are disjoint, ascending, and have
 * neither gateway nor DHCP server, which differ.
 */
export interface SubnetPlan {
  readonly cidr: Cidr;
  readonly gateway: bigint | undefined;
  readonly pools: readonly Range[];
  readonly dhcp: DhcpPlan;
  readonly dnsServers: readonly string[];
  readonly hostRoutes: readonly HostRoute[];
}

export type PlanResult =
  | { readonly isValid: true; readonly plan: SubnetPlan }
  | { readonly isValid: false; readonly issues: readonly PlanIssue[] };

/**
 * Works out a new subnet. The default gateway is the first usable address; a subnet of one or two addresses has none by
 * default. Without pools, ports may have all that gateway and DHCP server leave.
 */
export function planSubnet(input: SubnetAddressing): PlanResult {
  const parsed = parseCidr(input.cidr);
  if (!parsed.isValid) return refuse({ pointer: '/cidr', detail: parsed.reason });
  const kept = blockKeptFromSubnets(parsed.value);
  if (kept !== undefined) return refuse({ pointer: '/cidr', detail: `must not overlap ${kept}` });
  return compose(parsed.value, input, undefined);
}

/** Works out what a change makes of a subnet. What it does not name stays as it is; nothing moves out of its way by itself. */
export function changePlan(before: SubnetPlan, change: SubnetChange): PlanResult {
  return compose(before.cidr, change, before);
}

function compose(cidr: Cidr, said: SubnetChange, before: SubnetPlan | undefined): PlanResult {
  const gateway = planGateway(said.gatewayIp, cidr, before);
  if ('detail' in gateway) return refuse(gateway);
  const given = said.allocationPools === undefined ? undefined : readPools(said.allocationPools, cidr);
  if (given && given.issues.length > 0) return refuse(...given.issues);
  const fixedPools = given?.pools ?? before?.pools;
  const dhcp = planDhcp(said, { cidr, gateway: gateway.value, pools: fixedPools, before: before?.dhcp });
  if ('detail' in dhcp) return refuse(dhcp);
  const pools = fixedPools ?? withoutReserved(cidr, [gateway.value, dhcp.server]);
  if (pools.length === 0)
    return refuse({ pointer: emptier(cidr, said), detail: 'leaves no address for a port' });
  const dns = said.dnsServers && readDnsServers(said.dnsServers, cidr);
  const routes = said.hostRoutes && readHostRoutes(said.hostRoutes, cidr);
  const issues = [
    ...reservedIssues(cidr, said, pools, gateway.value, dhcp.server),
    ...(dns?.issues ?? []),
    ...(routes?.issues ?? []),
  ];
  if (issues.length > 0) return refuse(...issues);
  const plan = {
    cidr,
    gateway: gateway.value,
    pools,
    dhcp,
    dnsServers: dns?.values ?? before?.dnsServers ?? [],
    hostRoutes: routes?.values ?? before?.hostRoutes ?? [],
  };
  return { isValid: true, plan };
}

function planGateway(
  said: string | null | undefined,
  cidr: Cidr,
  before: SubnetPlan | undefined,
): { readonly value: bigint | undefined } | PlanIssue {
  if (said === null) return { value: undefined };
  if (said === undefined) {
    return { value: before ? before.gateway : isTiny(cidr) ? undefined : usableRange(cidr).first };
  }
  return readUsable(said, '/gatewayIp', cidr);
}

/** Reads pools, which must be disjoint, and gives them in ascending order. */
function readPools(
  input: readonly { readonly first: string; readonly last: string }[],
  cidr: Cidr,
): { pools: Range[]; issues: PlanIssue[] } {
  const issues: PlanIssue[] = [];
  const accepted: { range: Range; pointer: string }[] = [];
  for (const [index, pool] of input.entries()) {
    const pointer = `/allocationPools/${index}`;
    const first = readUsable(pool.first, `${pointer}/first`, cidr);
    const last = readUsable(pool.last, `${pointer}/last`, cidr);
    if ('detail' in first) issues.push(first);
    if ('detail' in last) issues.push(last);
    if ('detail' in first || 'detail' in last) continue;
    const range = { first: first.value, last: last.value };
    const other = accepted.find(
      (earlier) => earlier.range.first <= range.last && range.first <= earlier.range.last,
    );
    if (range.last < range.first) issues.push({ pointer, detail: 'must not end before it begins' });
    else if (other) issues.push({ pointer, detail: `must not overlap ${other.pointer}` });
    else accepted.push({ range, pointer });
  }
  const pools = accepted.map(({ range }) => range);
  return { pools: pools.toSorted((a, b) => (a.first < b.first ? -1 : 1)), issues };
}

/** Gateway and DHCP server must lie outside the pools, and apart. What the caller has named is what is wrong. */
function reservedIssues(
  cidr: Cidr,
  said: SubnetChange,
  pools: readonly Range[],
  gateway: bigint | undefined,
  server: bigint | undefined,
): PlanIssue[] {
  const reserved = [
    { address: gateway, pointer: '/gatewayIp', name: 'gateway' },
    { address: server, pointer: '/dhcpServerIp', name: 'DHCP server' },
  ];
  const issues = reserved.flatMap(({ address, pointer, name }): PlanIssue[] => {
    if (address === undefined || !isInRanges(pools, address)) return [];
    const text = formatIp(cidr.version, address);
    const index = said.allocationPools?.findIndex((pool) => isInPool(pool, address)) ?? -1;
    if (index === -1) {
      return [
        { pointer, detail: `must not be in the allocation pools, which have ${text}: give pools without it` },
      ];
    }
    return [{ pointer: `/allocationPools/${index}`, detail: `must not contain the ${name} ${text}` }];
  });
  if (gateway !== undefined && gateway === server) {
    const pointer = said.gatewayIp === undefined ? pointerOfSwitch(cidr) : '/gatewayIp';
    issues.push({
      pointer,
      detail: `must not be ${formatIp(cidr.version, gateway)}, where DHCP answers from`,
    });
  }
  return issues;
}

function isInPool(pool: { readonly first: string; readonly last: string }, address: bigint): boolean {
  const [first, last] = [parseIp(pool.first), parseIp(pool.last)];
  return first.isValid && last.isValid && first.value.value <= address && address <= last.value.value;
}

function withoutReserved(cidr: Cidr, reserved: readonly (bigint | undefined)[]): Range[] {
  const taken = reserved.flatMap((address) =>
    address === undefined ? [] : [{ first: address, last: address }],
  );
  return subtractRanges([usableRange(cidr)], taken);
}

/** What of the request takes the last address: asked for expressly, as no default does. */
function emptier(cidr: Cidr, said: SubnetChange): string {
  if (said.dhcpServerIp !== undefined) return '/dhcpServerIp';
  return said.dhcpEnabled === true || said.ipv6Mode === 'dhcpv6-stateful'
    ? pointerOfSwitch(cidr)
    : '/gatewayIp';
}

function readUsable(text: string, pointer: string, cidr: Cidr): { readonly value: bigint } | PlanIssue {
  const parsed = parseIp(text);
  if (!parsed.isValid) return { pointer, detail: parsed.reason };
  if (!isUsable(cidr, parsed.value)) return { pointer, detail: `must be ${describeUsable(cidr)}` };
  return { value: parsed.value.value };
}

function refuse(...issues: PlanIssue[]): PlanResult {
  return { isValid: false, issues };
}
