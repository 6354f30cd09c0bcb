import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyWiring } from '../testing/arbitraries.ts';
import { wiringOf } from '../testing/machines.ts';
import { planOf } from './desired.ts';
import { differencesOf } from './differences.ts';
import { networkLabel, vnicLabel } from './labels.ts';
import { parseListing, type ActualTable } from './listing.ts';
import type { Plan } from './desired.ts';
import { applyPort, portRules, removePort } from './ruleset.ts';
import type { Snapshot } from './snapshot.ts';

const instance = 'test';
const table = 'patchpanel_test';
const anyPlan = anyWiring.map(planOf);

describe('the rules of a port', () => {
  test('name no address but its own, and none twice', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const accepting = portRules(plan).sending.filter(({ text }) => text.endsWith(' accept'));
        const own = new Set([...plan.fixedIps.map(({ ipAddress }) => ipAddress), plan.linkLocal]);
        for (const { text } of accepting) {
          const named = [...text.matchAll(/(?:ip|ip6|arp) saddr (?:ip )?\{ ([^}]*) \}/g)].flatMap(
            ([, list = '']) => list.split(', '),
          );
          for (const address of named) expect(own).toContain(address);
          expect(new Set(named).size).toBe(named.length);
        }
      }),
    );
  });

  test('end in a drop for every protocol, and pass nothing when the port is down', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const { sending, receiving } = portRules(plan);
        for (const rules of [sending, receiving]) expect(rules.at(-1)?.text).toMatch(/ drop$/);
        if (!plan.isUp)
          expect([...sending, ...receiving].filter(({ text }) => text.includes('accept'))).toEqual([]);
      }),
    );
  });

  test('are told apart by their fingerprints', () => {
    fc.assert(
      fc.property(anyPlan, anyPlan, (one, two) => {
        const prints = (plan: Plan) => portRules(plan).sending.map(({ fingerprint }) => fingerprint);
        const texts = (plan: Plan) => portRules(plan).sending.map(({ text }) => text);
        expect(prints(one).join() === prints(two).join()).toBe(texts(one).join() === texts(two).join());
      }),
    );
  });

  test('are replaced in one transaction that removes whatever it adds when undone', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const applied = applyPort(table, plan, { rebind: false, shared: true });
        expect(applied).not.toContain('delete');
        const removed = removePort(table, plan.hostEnd);
        for (const [, object = ''] of applied.matchAll(
          new RegExp(`^add ((?:chain|counter) \\S+ \\S+ \\S*${plan.hostEnd}\\S*)`, 'gm'),
        )) {
          expect(removed).toContain(`delete ${object}\n`);
        }
      }),
    );
  });
});

describe('comparing the kernel with a plan', () => {
  test('finds nothing amiss when it has just what is planned, in any order', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        expect(differencesOf(instance, plan, snapshotOf(plan))).toEqual([]);
      }),
    );
  });

  test('finds each rule that is missing, foreign or out of order', () => {
    fc.assert(
      fc.property(anyPlan, fc.nat(), (plan, position) => {
        const snapshot = snapshotOf(plan);
        const chain = `from_${plan.hostEnd}`;
        const rules = snapshot.netdev.chains.get(chain)?.rules ?? [];
        const at = position % rules.length;
        const damaged = [
          rules.toSpliced(at, 1),
          rules.toSpliced(at, 0, 'accept'),
          ...(rules.length > 1 ? [[...rules.slice(1), ...rules.slice(0, 1)]] : []),
        ];
        for (const each of damaged) {
          const netdev = withRules(snapshot.netdev, chain, each);
          expect(
            differencesOf(instance, plan, { ...snapshot, netdev }).map(({ object, field }) => [
              object,
              field,
            ]),
          ).toEqual([[`nft chain ${chain}`, 'rules']]);
        }
      }),
    );
  });

  test('finds everything missing when there is nothing', () => {
    const plan = planOf(wiringOf(1, { kind: 'namespace', pid: 4711, interfaceName: 'eth0' }));
    const nothing = { chains: new Map(), elements: new Map() };
    const differences = differencesOf(instance, plan, {
      bridge: undefined,
      hostEnd: undefined,
      inside: { links: [], routes: [], isCut: false },
      netdev: nothing,
      bridgeFamily: nothing,
    });
    expect(differences.filter(({ field }) => field === 'exists').map(({ object }) => object)).toEqual([
      `bridge ${plan.bridge}`,
      `link ${plan.hostEnd}`,
      'machine link eth0',
      `nft chain from_${plan.hostEnd}`,
      'nft chain at_input',
      'nft chain at_output',
      'nft chain at_forward',
      `nft chain to_${plan.hostEnd}`,
    ]);
  });
});

test('a listing of nft is read, elements over several lines included', () => {
  const listing = parseListing(
    [
      'table bridge patchpanel_test {',
      '\tset host_ends {',
      '\t\ttype ifname',
      '\t\telements = { "ppv000000000001",',
      '\t\t\t     "ppv000000000002" }',
      '\t}',
      '',
      '\tmap receivers {',
      '\t\ttype ifname : verdict',
      '\t\telements = { "ppv000000000001" : jump to_ppv000000000001 }',
      '\t}',
      '',
      '\tchain at_input {',
      '\t\ttype filter hook input priority -350; policy accept;',
      '\t\tiifname @host_ends counter name "host-input" drop comment "patchpanel:1"',
      '\t}',
      '',
      '\tchain to_ppv000000000001 {',
      '\t}',
      '}',
    ].join('\n'),
  );
  expect(listing.elements.get('host_ends')).toEqual(['ppv000000000001', 'ppv000000000002']);
  expect(listing.elements.get('receivers')).toEqual(['ppv000000000001 : jump to_ppv000000000001']);
  expect(listing.chains.get('at_input')?.hook).toEqual({ at: 'input', priority: '-350', policy: 'accept' });
  expect(listing.chains.get('at_input')?.rules).toHaveLength(1);
  expect(listing.chains.get('to_ppv000000000001')).toEqual({ hook: undefined, rules: [] });
});

/** A kernel that has just what is planned: the text is read as if nft had printed it. */
function snapshotOf(plan: Plan): Snapshot {
  const text = applyPort(table, plan, { rebind: false, shared: true });
  const flags = ['UP', 'NOARP'];
  const hostLink = { ifindex: 7, link_index: 2, flags, mtu: plan.mtu, isIpv6Disabled: true };
  const device = plan.device;
  return {
    bridge: {
      ...hostLink,
      ifname: plan.bridge,
      ifalias: networkLabel(instance, plan.identity.networkId),
      linkinfo: {
        info_kind: 'bridge',
        info_data: {
          stp_state: 0,
          forward_delay: 0,
          mcast_snooping: 0,
          nf_call_iptables: 0,
          nf_call_ip6tables: 0,
          nf_call_arptables: 0,
        },
      },
    },
    hostEnd: {
      ...hostLink,
      ifname: plan.hostEnd,
      flags: plan.isUp ? flags : ['NOARP'],
      ifalias: vnicLabel(instance, plan.identity),
      master: plan.bridge,
      linkinfo: {
        info_kind: device.kind === 'tap' ? 'tun' : 'veth',
        info_slave_data: { state: 'forwarding' },
      },
      ...(device.kind === 'tap' ? { ownerUid: device.ownerUid } : {}),
    },
    inside:
      device.kind === 'tap'
        ? undefined
        : {
            isCut: false,
            links: [
              { ifindex: 1, ifname: 'lo', flags: ['UP'], mtu: 65536 },
              {
                ifindex: 2,
                link_index: 7,
                ifname: device.interfaceName,
                flags: ['UP'],
                mtu: plan.mtu,
                address: plan.macAddress,
                addr_info: plan.addresses
                  .toReversed()
                  .map(({ ipAddress, prefixLength }) => ({ local: ipAddress, prefixlen: prefixLength })),
              },
            ],
            routes: plan.routes.map(({ gatewayIp, metric }) => ({
              dst: 'default',
              gateway: gatewayIp,
              metric,
            })),
          },
    netdev: tableOf(text, 'netdev'),
    bridgeFamily: tableOf(text, 'bridge'),
  };
}

function tableOf(transaction: string, family: string): ActualTable {
  const chains = new Map<string, string[]>();
  const elements = new Map<string, string[]>();
  for (const line of transaction.split('\n')) {
    const [, chain = '', header] =
      new RegExp(`^add chain ${family} ${table} (\\S+)(?: \\{ (.*) \\})?$`).exec(line) ?? [];
    if (chain !== '') chains.set(chain, header === undefined ? [] : [header]);
    const [, of = '', rule = ''] = new RegExp(`^add rule ${family} ${table} (\\S+) (.*)$`).exec(line) ?? [];
    if (of !== '') chains.get(of)?.push(rule);
    const [, set = '', element = ''] =
      new RegExp(`^add element ${family} ${table} (\\S+) \\{ (.*) \\}$`).exec(line) ?? [];
    if (set !== '') elements.set(set, [...(elements.get(set) ?? []), element]);
  }
  const blocks = [
    ...[...chains].map(
      ([name, body]) => `\tchain ${name} {\n${body.map((each) => `\t\t${each}\n`).join('')}\t}`,
    ),
    ...[...elements].map(
      ([name, each]) => `\tset ${name} {\n\t\ttype ifname\n\t\telements = { ${each.join(', ')} }\n\t}`,
    ),
  ];
  return parseListing(`table ${family} ${table} {\n${blocks.join('\n\n')}\n}`);
}

function withRules(actual: ActualTable, name: string, rules: readonly string[]): ActualTable {
  const chain = actual.chains.get(name);
  return { ...actual, chains: new Map([...actual.chains, [name, { hook: chain?.hook, rules }]]) };
}
