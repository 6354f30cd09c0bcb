import { createHash } from 'node:crypto';
import { asHex, broadcastOf, groupAddresses, ipVersionOf } from './addresses.ts';
import type { Plan } from './desired.ts';
import { receivingChain, sendingChain } from './names.ts';

/** Before anything that other software hooks in; none of the priorities that nft prints by name. */
export const hookPriority = -350;

/** Why a frame is dropped: each has a named counter per vNIC. */
export const dropReasons = {
  /** Counted at the netdev ingress hook of the host end: what the machine sends. */
  netdev: [
    'admin-down',
    'source-mac',
    'ethertype',
    'arp',
    'source-ip',
    'neighbour-discovery',
    'dhcp-server',
    'malformed',
  ],
  /** Counted in the bridge's forward hook: what the machine would be sent. */
  bridge: ['unreceivable'],
} as const;

/** A reason for which frames are dropped. */
export type DropReason = (typeof dropReasons)['netdev' | 'bridge'][number];

/** A rule with the comment by which it is known again in what the kernel says. */
export interface Rule {
  readonly text: string;
  readonly fingerprint: string;
}

/** The chains of one vNIC. */
export interface PortRules {
  readonly sending: readonly Rule[];
  readonly receiving: readonly Rule[];
}

/** The named counter of a reason. */
export function counterName(hostEnd: string, reason: DropReason): string {
  return `${hostEnd}_${reason}`;
}

/** Chains of the bridge family that all vNICs share, by name. */
export const sharedChains: Readonly<Record<'input' | 'output' | 'forward', readonly Rule[]>> = {
  // The host's own stack neither hears machines nor speaks to them, not even ARP.
  input: [rule('iifname @host_ends counter name "host-input" drop')],
  output: [rule('oifname @host_ends counter name "host-output" drop')],
  forward: [rule('oifname vmap @receivers')],
};

/** The rules for what a vNIC may send and be sent. */
export function portRules(plan: Plan): PortRules {
  return { sending: sendingRules(plan).map(rule), receiving: receivingRules(plan).map(rule) };
}

/**
 * What a machine may send. Accepting rules name what they accept in full and every protocol ends in a drop: a header that is
 * cut short or hidden in a fragment makes an expression fail to match, which must never let a frame through.
 */
function sendingRules(plan: Plan): string[] {
  const drop = (reason: DropReason) => `counter name "${counterName(plan.hostEnd, reason)}" drop`;
  if (!plan.isUp) return [drop('admin-down')];
  return [
    `ether saddr != ${plan.macAddress} ${drop('source-mac')}`,
    // A tagged frame's type is its tag's, whether or not the kernel took the tag off.
    `ether type != { ip, arp, ip6 } ${drop('ethertype')}`,
    ...arpRules(plan),
    `ether type arp ${drop('arp')}`,
    `ip protocol udp udp sport 67 ${drop('dhcp-server')}`,
    `ip protocol udp udp dport 68 ${drop('dhcp-server')}`,
    ...ownAddresses(plan, 4).map((own) => `ip saddr ${own} accept`),
    `ether type ip ${drop('source-ip')}`,
    ...neighbourDiscoveryRules(plan),
    `icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, nd-redirect } ${drop('neighbour-discovery')}`,
    `meta protocol ip6 udp sport 547 ${drop('dhcp-server')}`,
    `meta protocol ip6 udp dport 546 ${drop('dhcp-server')}`,
    // Before a link has an address it asks for routers and reports its groups from the unspecified one (RFC 4861, RFC 3590).
    'ip6 saddr :: icmpv6 type { nd-router-solicit, mld-listener-report, mld2-listener-report } accept',
    ...ownAddresses(plan, 6).flatMap((own) => [
      // A later fragment has no header of its own; the kernel puts none together of which the first did not pass.
      `ip6 saddr ${own} frag frag-off != 0 meta l4proto != 255 accept`,
      // Matches whatever is there, and nothing when the transport header lies beyond this frame (RFC 7112).
      `ip6 saddr ${own} @th,0,32 & 0x0 == 0x0 accept`,
      `ip6 saddr ${own} ${drop('malformed')}`,
    ]),
    `ether type ip6 ${drop('source-ip')}`,
  ];
}

function arpRules(plan: Plan): string[] {
  const ethernet = `ether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 arp saddr ether ${plan.macAddress}`;
  return ownAddresses(plan, 4).flatMap((own) => [
    `${ethernet} arp operation { request, reply } arp saddr ip ${own} accept`,
    // Probes for its own address (RFC 5227).
    `${ethernet} arp operation request arp saddr ip 0.0.0.0 arp daddr ip ${own} accept`,
  ]);
}

/** nft 1.0.6 has no word for the target address of a solicitation or advertisement: bits 64 to 191 of ICMPv6 (RFC 4861). */
function neighbourDiscoveryRules(plan: Plan): string[] {
  const own = ownAddresses(plan, 6);
  return [
    ...own.map((all) => `ip6 saddr ${all} icmpv6 type nd-neighbor-solicit accept`),
    ...addressesOf(plan, 6).flatMap((address) => [
      `ip6 saddr :: icmpv6 type nd-neighbor-solicit @th,64,128 ${asHex(address)} accept`,
      ...own.map(
        (all) => `ip6 saddr ${all} icmpv6 type nd-neighbor-advert @th,64,128 ${asHex(address)} accept`,
      ),
    ]),
  ];
}

/** What a machine may be sent: the sender's rules say who it is, these say whose address it is. */
function receivingRules(plan: Plan): string[] {
  const drop = `counter name "${counterName(plan.hostEnd, 'unreceivable')}" drop`;
  if (!plan.isUp) return [drop];
  const broadcasts = plan.fixedIps
    .filter(({ ipAddress }) => ipVersionOf(ipAddress) === 4)
    .flatMap(({ ipAddress, prefixLength }) => broadcastOf(ipAddress, prefixLength) ?? []);
  const receivable4 = [...addressesOf(plan, 4), ...broadcasts, ...groupAddresses[4]];
  const receivable6 = [...addressesOf(plan, 6), ...groupAddresses[6]];
  return [
    `ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 ether daddr != ${plan.macAddress} ${drop}`,
    'ether type arp accept',
    `ip daddr ${asSet(receivable4)} accept`,
    `ip6 daddr ${asSet(receivable6)} accept`,
    drop,
  ];
}

/** The addresses that the vNIC may use; with IPv6 the link-local one always, as a machine may make it by itself. */
function addressesOf(plan: Plan, version: 4 | 6): string[] {
  const fixed = plan.fixedIps
    .map(({ ipAddress }) => ipAddress)
    .filter((address) => ipVersionOf(address) === version);
  return [...new Set(version === 6 ? [...fixed, plan.linkLocal] : fixed)];
}

/** The same as a set for a rule; nothing when there is none, as nft has no empty set. */
function ownAddresses(plan: Plan, version: 4 | 6): string[] {
  const addresses = addressesOf(plan, version);
  return addresses.length === 0 ? [] : [asSet(addresses)];
}

function asSet(addresses: readonly string[]): string {
  return `{ ${[...new Set(addresses)].join(', ')} }`;
}

function rule(text: string): Rule {
  return { text, fingerprint: `patchpanel:${createHash('sha256').update(text).digest('hex').slice(0, 16)}` };
}

/**
 * The transaction that puts a vNIC's rules in place, whatever was there: one text for `nft -f -`.
 * @param rebind make the ingress chain anew, because the link that it is hooked to is new. Without this the chain stays
 * hooked and only its rules are replaced, so that no frame passes unfiltered.
 * @param shared put the rules that all vNICs share in place as well. Each rule that goes makes the next transaction wait until
 * no processor uses it any more, some 10 ms: so only where they aren't right.
 */
export function applyPort(
  table: string,
  plan: Plan,
  { rebind, shared }: { readonly rebind: boolean; readonly shared: boolean },
): string {
  const { hostEnd } = plan;
  const { sending, receiving } = portRules(plan);
  const from = `netdev ${table} ${sendingChain(hostEnd)}`;
  const to = `bridge ${table} ${receivingChain(hostEnd)}`;
  const ingress = `{ type filter hook ingress device "${hostEnd}" priority ${hookPriority}; policy drop; }`;
  return lines([
    ...sharedSets(table),
    ...(shared ? sharedRules(table) : []),
    `add table netdev ${table}`,
    ...dropReasons.netdev.map((reason) => `add counter netdev ${table} ${counterName(hostEnd, reason)}`),
    ...dropReasons.bridge.map((reason) => `add counter bridge ${table} ${counterName(hostEnd, reason)}`),
    ...(rebind ? [`add chain netdev ${table} ${sendingChain(hostEnd)}`, `delete chain ${from}`] : []),
    `add chain ${from} ${ingress}`,
    `flush chain ${from}`,
    ...sending.map((each) => addRule(from, each)),
    `add chain ${to}`,
    `flush chain ${to}`,
    ...receiving.map((each) => addRule(to, each)),
    `add element bridge ${table} host_ends { "${hostEnd}" }`,
    `add element bridge ${table} receivers { "${hostEnd}" : jump ${receivingChain(hostEnd)} }`,
  ]);
}

/** The transaction that removes all rules of a vNIC, however many of them are there. */
export function removePort(table: string, hostEnd: string): string {
  const chains = [
    `netdev ${table} ${sendingChain(hostEnd)}`,
    `bridge ${table} ${receivingChain(hostEnd)}`,
  ] as const;
  const elements = [
    `bridge ${table} receivers { "${hostEnd}" : jump ${receivingChain(hostEnd)} }`,
    `bridge ${table} host_ends { "${hostEnd}" }`,
  ];
  const counters = [
    ...dropReasons.netdev.map((reason) => `netdev ${table} ${counterName(hostEnd, reason)}`),
    ...dropReasons.bridge.map((reason) => `bridge ${table} ${counterName(hostEnd, reason)}`),
  ];
  // nft 1.0.6 can't delete what may not be there: add it first.
  return lines([
    ...sharedSets(table),
    `add table netdev ${table}`,
    ...chains.flatMap((chain) => [`add chain ${chain}`, `flush chain ${chain}`]),
    ...elements.flatMap((element) => [`add element ${element}`, `delete element ${element}`]),
    ...chains.map((chain) => `delete chain ${chain}`),
    ...counters.flatMap((counter) => [`add counter ${counter}`, `delete counter ${counter}`]),
  ]);
}

/** The transaction that removes everything of an agent instance. */
export function removeTables(table: string): string {
  return lines(
    ['netdev', 'bridge'].flatMap((family) => [
      `add table ${family} ${table}`,
      `delete table ${family} ${table}`,
    ]),
  );
}

/** Sets and counters that all vNICs share; adding what is there already costs nothing. */
function sharedSets(table: string): string[] {
  return [
    `add table bridge ${table}`,
    `add counter bridge ${table} host-input`,
    `add counter bridge ${table} host-output`,
    `add set bridge ${table} host_ends { type ifname; }`,
    `add map bridge ${table} receivers { type ifname : verdict; }`,
  ];
}

function sharedRules(table: string): string[] {
  return Object.entries(sharedChains).flatMap(([hook, rules]) => [
    `add chain bridge ${table} ${chainOfHook(hook)} { type filter hook ${hook} priority ${hookPriority}; policy accept; }`,
    `flush chain bridge ${table} ${chainOfHook(hook)}`,
    ...rules.map((each) => addRule(`bridge ${table} ${chainOfHook(hook)}`, each)),
  ]);
}

/** The shared chain at a hook of the bridge family. */
export function chainOfHook(hook: string): string {
  return `at_${hook}`;
}

function addRule(chain: string, { text, fingerprint }: Rule): string {
  return `add rule ${chain} ${text} comment "${fingerprint}"`;
}

function lines(statements: readonly string[]): string {
  return `${statements.join('\n')}\n`;
}
