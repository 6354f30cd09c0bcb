import { randomUUID } from 'node:crypto';
import { runLoop } from '../../load/closed-loop.ts';
import { requestText } from '../../load/connection.ts';
import { onDatabase } from '../../machine/postgres.ts';
import { formatMs, formatRate } from '../../report/table.ts';
import { idOf, type Api } from '../api.ts';
import type { Stage } from '../stage.ts';
import { addPorts, rarePorts, type PortData } from './page-data.ts';

const few = 1_000;
const mostRatio = 2;

/** Lists that match at least a hundred ports, whatever there is in all, so that each page is full. */
function lists({ smallNetworkId, mainNetworkId, rareGroupId, defaultGroupId }: PortData): readonly string[] {
  const soon = new Date(Date.now() + 2 * 3600 * 1000).toISOString();
  return [
    '',
    'sort=-createdAt',
    'sort=name',
    'sort=-name',
    `networkId=${mainNetworkId}`,
    `networkId=${smallNetworkId}`,
    'status=available',
    'status=error',
    'name=common',
    'name=rare',
    'tag=common',
    'tag=rare',
    'tag=rare&sort=name',
    'adminState=up',
    'adminState=down',
    `securityGroupId=${defaultGroupId}`,
    `securityGroupId=${rareGroupId}`,
    'hostName=host-rare',
    `leaseExpiresBefore=${encodeURIComponent(soon)}`,
    `networkId=${mainNetworkId}&status=plugged`,
    `networkId=${smallNetworkId}&status=error&name=rare`,
  ];
}

/** Whether a page of 100 costs the same out of a thousand ports and out of a million, by each filter and order. */
export async function measurePages(stage: Stage): Promise<void> {
  const { bench, postgres } = stage;
  const many = bench.options.quick ? 50_000 : 1_000_000;
  const databaseUrl = await postgres.createDatabase('pages');
  const replica = await stage.startReplica('network-api-pages', databaseUrl);
  const projectId = randomUUID();
  const api = await stage.userOf(projectId, replica.url);
  try {
    const data = await prepare(api, projectId);
    const all = lists(data);
    const timings = await onDatabase(databaseUrl, async (client) => {
      const measured: number[][] = [];
      for (const total of [few, many]) {
        bench.progress(`a page of 100 out of ${formatRate(total)} ports: writing them`);
        // Each size is written from nothing, as what is rare lies spread over all.
        await client.query(
          'truncate ports, port_addresses, port_security_groups, attachments, bindings restart identity cascade',
        );
        const step = 100_000;
        for (let from = 0; from < total; from += step) {
          bench.signal.throwIfAborted();
          await addPorts(client, data, { from, to: Math.min(total, from + step), total });
        }
        await client.query('vacuum analyze');
        const times: number[] = [];
        for (const list of all) {
          bench.progress(`a page of 100 out of ${formatRate(total)} ports: ${list === '' ? 'all' : list}`);
          times.push(await timePage(stage, api, replica.url, list));
        }
        measured.push(times);
      }
      return measured;
    });
    report(stage, data, all, timings, many);
  } finally {
    api.close();
    await replica.stop();
  }
}

async function prepare(api: Api, projectId: string): Promise<PortData> {
  const main = await api.makeNetwork('10.0.0.0/8');
  const small = await api.makeNetwork('10.0.0.0/8');
  const { items } = await api.call('GET', '/v1/security-groups?isDefault=true');
  const groups: readonly unknown[] = Array.isArray(items) ? items : [];
  return {
    projectId,
    mainNetworkId: main.networkId,
    mainSubnetId: main.subnetId,
    smallNetworkId: small.networkId,
    defaultGroupId: idOf(groups[0]),
    rareGroupId: idOf(await api.call('POST', '/v1/security-groups', { name: 'rare' })),
  };
}

/** The typical time of a list's first page, and of one that follows where there is one, in milliseconds. */
async function timePage({ bench }: Stage, api: Api, url: string, list: string): Promise<number> {
  const path = `/v1/ports?limit=100${list === '' ? '' : `&${list}`}`;
  const { items } = await api.call('GET', path);
  if (!Array.isArray(items) || items.length !== rarePorts)
    throw new Error(`${path} gave ${Array.isArray(items) ? items.length : 'no'} ports, not a full page`);
  const text = requestText({ method: 'GET', path, token: api.token });
  const { latencies, errors } = await runLoop(
    { step: (_, send) => send(text) },
    {
      urls: [url],
      clients: 1,
      seconds: bench.options.quick ? 0.2 : 0.7,
      warmUpSeconds: 0.2,
      signal: bench.signal,
    },
  );
  if (errors.size > 0) throw new Error(`${path}: ${[...errors.keys()].join(', ')}`);
  const p50 = latencies.percentile(0.5);
  if (p50 === undefined) throw new Error(`${path}: no page within the time given`);
  return p50;
}

function report(
  { bench }: Stage,
  data: PortData,
  all: readonly string[],
  [atFew = [], atMany = []]: readonly (readonly number[])[],
  many: number,
): void {
  for (const [index, list] of all.entries()) {
    const small = atFew[index] ?? 0;
    const large = atMany[index] ?? 0;
    const ratio = large / small;
    bench.addFinding({
      claim: `a page of 100 out of ${formatRate(few)} and ${formatRate(many)} ports: ${named(list, data)}`,
      seen: `p50 ${formatMs(small)} and ${formatMs(large)} ms: ${ratio.toFixed(2)}×`,
      target: `within ${mostRatio}×`,
      isHeld: ratio <= mostRatio,
    });
  }
}

/** A list with words in place of ids. */
function named(list: string, data: PortData): string {
  if (list === '') return 'all';
  return decodeURIComponent(list)
    .replace(data.mainNetworkId, '(main)')
    .replace(data.smallNetworkId, '(of 100)')
    .replace(data.defaultGroupId, '(of all)')
    .replace(data.rareGroupId, '(of 100)')
    .replace(/=\d{4}-.*Z/, '=(in 2 hours)');
}
