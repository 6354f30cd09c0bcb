import type { Difference } from '@patchpanel/provider';
import type { Plan } from './desired.ts';
import { networkLabel, vnicLabel } from './labels.ts';
import { fingerprintOf, type ActualTable } from './listing.ts';
import { receivingChain, sendingChain } from './names.ts';
import { chainOfHook, hookPriority, portRules, sharedChains, type Rule } from './ruleset.ts';
import type { ActualHostLink, ActualInside, ActualLink, ActualRoute, Snapshot } from './snapshot.ts';

/** Compares what the kernel has with what is planned; empty when they agree. Pure. */
export function differencesOf(instance: string, plan: Plan, snapshot: Snapshot): readonly Difference[] {
  return [
    ...bridgeDifferences(instance, plan, snapshot.bridge),
    ...hostEndDifferences(instance, plan, snapshot.hostEnd),
    ...(snapshot.inside === undefined ? [] : insideDifferences(plan, snapshot.hostEnd, snapshot.inside)),
    ...ruleDifferences(plan, snapshot.netdev, snapshot.bridgeFamily),
  ];
}

/** The machine's end of the wire that the host end leads to, whatever it is called now. */
export function machineEndOf(
  hostEnd: ActualLink | undefined,
  inside: ActualInside | undefined,
): ActualLink | undefined {
  if (hostEnd === undefined) return undefined;
  return inside?.links.find(
    (link) => link.ifindex === hostEnd.link_index && link.link_index === hostEnd.ifindex,
  );
}

/** Routes of a link that neither the kernel made for an address nor the plan wants. */
export function strayRoutes(plan: Plan, routes: readonly ActualRoute[]): readonly ActualRoute[] {
  return routes.filter(
    (route) => route.protocol !== 'kernel' && !plan.routes.some((planned) => isRoute(planned, route)),
  );
}

/** More of them than this are not undone one by one: that would take a machine's root no effort, and the host much. */
const mostStrays = 32;

/** How much of a difference is told. */
const mostCharacters = 300;

/** Whether the machine heaped up so many addresses and routes that its link is better made anew. */
export function isCrowded(
  plan: Plan,
  hostEnd: ActualLink | undefined,
  inside: ActualInside | undefined,
): boolean {
  const end = machineEndOf(hostEnd, inside);
  if (inside === undefined || end === undefined) return false;
  const strays = strayAddresses(plan, end).length + strayRoutes(plan, inside.routes).length;
  return inside.isCut || strays > mostStrays;
}

/** Addresses of a link that the plan doesn't want, as `address/prefix length`. */
export function strayAddresses(plan: Plan, link: ActualLink): readonly string[] {
  const planned = new Set(plan.addresses.map(asCidr));
  return cidrsOf(link).filter((cidr) => !planned.has(cidr));
}

/** The addresses of a link, as `address/prefix length`. */
export function cidrsOf(link: ActualLink): readonly string[] {
  return (link.addr_info ?? []).flatMap(({ local, prefixlen }) =>
    local === undefined || prefixlen === undefined ? [] : [`${local}/${prefixlen}`],
  );
}

/** What of an object can be compared. */
type Comparable = string | number | boolean | undefined | readonly string[];

/** The kernel's view of one object, compared field by field. */
function compare(
  object: string,
  fields: Readonly<Record<string, readonly [desired: Comparable, actual: Comparable]>>,
): Difference[] {
  return Object.entries(fields)
    .map(([field, [desired, actual]]) => ({
      object,
      field,
      desired: asText(desired),
      actual: asText(actual),
    }))
    .filter(({ desired, actual }) => desired !== actual)
    .map((difference) => ({
      ...difference,
      desired: clip(difference.desired),
      actual: clip(difference.actual),
    }));
}

function bridgeDifferences(instance: string, plan: Plan, bridge: ActualHostLink | undefined): Difference[] {
  const object = `bridge ${plan.bridge}`;
  if (bridge === undefined) return [missing(object)];
  const data = bridge.linkinfo?.info_data;
  return compare(object, {
    kind: ['bridge', bridge.linkinfo?.info_kind],
    alias: [networkLabel(instance, plan.identity.networkId), bridge.ifalias],
    stp: [0, data?.stp_state],
    'forward delay': [0, data?.forward_delay],
    'multicast snooping': [0, data?.mcast_snooping],
    'call iptables': [0, data?.nf_call_iptables],
    'call ip6tables': [0, data?.nf_call_ip6tables],
    'call arptables': [0, data?.nf_call_arptables],
    up: [true, bridge.flags.includes('UP')],
    arp: [false, !bridge.flags.includes('NOARP')],
    ipv6: [false, !bridge.isIpv6Disabled],
    addresses: [[], cidrsOf(bridge)],
  });
}

function hostEndDifferences(instance: string, plan: Plan, hostEnd: ActualHostLink | undefined): Difference[] {
  const object = `link ${plan.hostEnd}`;
  if (hostEnd === undefined) return [missing(object)];
  const { device } = plan;
  return compare(object, {
    kind: [device.kind === 'tap' ? 'tun' : 'veth', hostEnd.linkinfo?.info_kind],
    ...(device.kind === 'tap' ? { owner: [device.ownerUid, hostEnd.ownerUid] } : {}),
    alias: [vnicLabel(instance, plan.identity), hostEnd.ifalias],
    master: [plan.bridge, hostEnd.master],
    mtu: [plan.mtu, hostEnd.mtu],
    up: [plan.isUp, hostEnd.flags.includes('UP')],
    arp: [false, !hostEnd.flags.includes('NOARP')],
    ipv6: [false, !hostEnd.isIpv6Disabled],
    addresses: [[], cidrsOf(hostEnd)],
    // A tap that no hypervisor has open has no carrier, and so nothing to forward.
    ...(device.kind === 'namespace' && plan.isUp
      ? { state: ['forwarding', hostEnd.linkinfo?.info_slave_data?.state] }
      : {}),
  });
}

function insideDifferences(plan: Plan, hostEnd: ActualLink | undefined, inside: ActualInside): Difference[] {
  if (plan.device.kind !== 'namespace') return [];
  const object = `machine link ${plan.device.interfaceName}`;
  const end = machineEndOf(hostEnd, inside);
  if (end === undefined) return [missing(object)];
  if (inside.isCut) {
    const actual = 'more than can be read';
    return [{ object, field: 'addresses and routes', desired: 'those of the port', actual }];
  }
  const isUnusable = (end.addr_info ?? []).filter(
    ({ tentative, dadfailed }) => tentative === true || dadfailed === true,
  );
  const loopback = inside.links.find(({ ifname }) => ifname === 'lo');
  const defaults = inside.routes.filter((route) => plan.routes.some((planned) => isRoute(planned, route)));
  return [
    ...compare(object, {
      name: [plan.device.interfaceName, end.ifname],
      mac: [plan.macAddress, end.address],
      mtu: [plan.mtu, end.mtu],
      up: [true, end.flags.includes('UP')],
      addresses: [plan.addresses.map(asCidr).toSorted(), cidrsOf(end).toSorted()],
      'unusable addresses': [[], isUnusable.map(({ local }) => local ?? '')],
      'default routes': [
        plan.routes.map(({ gatewayIp }) => gatewayIp).toSorted(),
        defaults.map(gatewayOf).toSorted(),
      ],
      'other routes': [[], strayRoutes(plan, inside.routes).map(({ dst }) => dst)],
    }),
    ...compare('machine link lo', { up: [true, loopback?.flags.includes('UP')] }),
  ];
}

function ruleDifferences(plan: Plan, netdev: ActualTable, bridgeFamily: ActualTable): Difference[] {
  const { sending, receiving } = portRules(plan);
  const from = sendingChain(plan.hostEnd);
  const to = receivingChain(plan.hostEnd);
  return [
    ...chainDifferences(netdev, from, sending, `ingress of ${plan.hostEnd} at ${hookPriority}, else drop`),
    ...sharedRuleDifferences(bridgeFamily),
    ...chainDifferences(bridgeFamily, to, receiving, undefined),
    ...compare(`nft set host_ends`, {
      [plan.hostEnd]: [true, bridgeFamily.elements.get('host_ends')?.includes(plan.hostEnd) ?? false],
    }),
    ...compare(`nft map receivers`, {
      [plan.hostEnd]: [
        true,
        bridgeFamily.elements.get('receivers')?.includes(`${plan.hostEnd} : jump ${to}`) ?? false,
      ],
    }),
  ];
}

/** Compares the chains that all vNICs share. */
export function sharedRuleDifferences(bridgeFamily: ActualTable): readonly Difference[] {
  return Object.entries(sharedChains).flatMap(([hook, rules]) =>
    chainDifferences(bridgeFamily, chainOfHook(hook), rules, `${hook} at ${hookPriority}, else accept`),
  );
}

function chainDifferences(
  table: ActualTable,
  name: string,
  rules: readonly Rule[],
  hook: string | undefined,
): Difference[] {
  const object = `nft chain ${name}`;
  const chain = table.chains.get(name);
  if (chain === undefined) return [missing(object)];
  const { at, device, priority, policy } = chain.hook ?? {};
  const actualHook =
    chain.hook === undefined
      ? undefined
      : `${at}${device === undefined ? '' : ` of ${device}`} at ${priority}, else ${policy}`;
  return compare(object, {
    hook: [hook, actualHook],
    rules: [
      rules.map(({ fingerprint }) => fingerprint),
      // A rule that isn't ours shows as it is.
      chain.rules.map((text) => fingerprintOf(text) ?? text),
    ],
  });
}

function isRoute(planned: Plan['routes'][number], route: ActualRoute): boolean {
  return (
    route.dst === 'default' &&
    (route.type ?? 'unicast') === 'unicast' &&
    (route.table ?? 'main') === 'main' &&
    gatewayOf(route) === planned.gatewayIp &&
    route.metric === planned.metric
  );
}

/** The gateway of a route; `via` is how `ip` names one of the other IP version. */
export function gatewayOf({ gateway, via }: ActualRoute): string {
  return gateway ?? via?.host ?? '';
}

function asCidr({ ipAddress, prefixLength }: Plan['addresses'][number]): string {
  return `${ipAddress}/${prefixLength}`;
}

function missing(object: string): Difference {
  return { object, field: 'exists', desired: 'yes', actual: 'no' };
}

function asText(value: Comparable): string {
  if (value === undefined) return 'none';
  return typeof value === 'object' ? value.join(', ') : String(value);
}

function clip(text: string): string {
  return text.length <= mostCharacters
    ? text
    : `${text.slice(0, mostCharacters)}… (${text.length} characters)`;
}
