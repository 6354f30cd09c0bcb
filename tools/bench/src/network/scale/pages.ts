import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { describeFailure } from '../../load/closed-loop.ts';
import type { Answer } from '../../load/connection.ts';
import { Latencies } from '../../load/latencies.ts';
import { onDatabase } from '../../machine/postgres.ts';
import { formatMs, formatRate } from '../../report/table.ts';
import type { Api } from '../api.ts';
import type { Stage } from '../stage.ts';
import { addGroups, addPorts, rarePorts, type PortData } from './page-data.ts';

const few = 1_000;
const mostRatio = 2;
const fewestPages = 10;
const turns = 3;
const warmUpPages = 300;
const portsAtOnce = 100_000;

/** A list that matches at least a hundred ports, whatever there are in all, so that each page is full. */
interface List {
  readonly query: string;
  readonly name: string;
  /** What every port of it must have: a filter that does nothing would be quick. */
  readonly fits: Readonly<Record<string, unknown>>;
}

function lists({ smallNetworkId, mainNetworkId, rareGroupId, defaultGroupId }: PortData): readonly List[] {
  const soon = encodeURIComponent(new Date(Date.now() + 2 * 3600 * 1000).toISOString());
  const rare = { name: 'rare' };
  const small = { networkId: smallNetworkId };
  const main = { networkId: mainNetworkId };
  const list = (query: string, fits: Readonly<Record<string, unknown>>, name = query): List => ({
    query,
    name,
    fits,
  });
  return [
    list('', {}, 'all'),
    list('sort=-createdAt', {}),
    list('sort=name', {}),
    list('sort=-name', {}),
    list(`networkId=${mainNetworkId}`, main, 'networkId (of nearly all)'),
    list(`networkId=${smallNetworkId}`, small, 'networkId (of 100)'),
    list('status=available', { status: 'available' }, 'status (of 9 in 10)'),
    list('status=error', { status: 'error' }, 'status (of 100)'),
    list('name=common', { name: 'common' }, 'name (of 1 in 10)'),
    list('name=rare', rare, 'name (of 100)'),
    list('tag=common', { tags: ['common'] }, 'tag (of 1 in 10)'),
    list('tag=rare', { tags: ['rare'] }, 'tag (of 100)'),
    list('tag=rare&sort=name', { tags: ['rare'] }, 'tag (of 100), by name'),
    list('adminState=up', { adminState: 'up' }, 'adminState (of nearly all)'),
    list('adminState=down', { adminState: 'down' }, 'adminState (of 100)'),
    list(`securityGroupId=${defaultGroupId}`, {}, 'securityGroupId (of all)'),
    list(`securityGroupId=${rareGroupId}`, rare, 'securityGroupId (of 100)'),
    list('hostName=host-rare', rare, 'hostName (of 100)'),
    list(`leaseExpiresBefore=${soon}`, rare, 'leaseExpiresBefore (of 100)'),
    list(`networkId=${mainNetworkId}&status=plugged`, { ...main, status: 'plugged' }, 'networkId and status'),
    list(`networkId=${smallNetworkId}&status=error&name=rare`, rare, 'networkId, status and name (of 100)'),
  ];
}

/** A database with so many ports, and a replica on it. */
interface Site {
  readonly total: number;
  readonly api: Api;
  readonly lists: readonly List[];
  close(): Promise<void>;
}

/** Whether a page of 100 costs the same out of a thousand ports and out of a million, by each filter and order. */
export async function measurePages(stage: Stage): Promise<void> {
  const { bench } = stage;
  const many = bench.options.quick ? 50_000 : 1_000_000;
  const sites: Site[] = [];
  try {
    for (const total of [few, many]) sites.push(await openSite(stage, total));
    const [small, large] = sites;
    if (!small || !large) throw new Error('there are no sites');
    for (const [index, list] of small.lists.entries()) {
      const other = large.lists[index];
      if (!other) throw new Error('the sites have different lists');
      bench.progress(`a page of 100 out of ${formatRate(few)} and ${formatRate(many)} ports: ${list.name}`);
      const times: [Timing[], Timing[]] = [[], []];
      // In turns, so that what else the machine does hits both alike.
      for (let turn = 0; turn < turns; turn++) {
        times[0].push(await timePage(stage, small.api, list));
        times[1].push(await timePage(stage, large.api, other));
      }
      report(stage, list, many, times.map(typical));
    }
  } finally {
    for (const site of sites) await site.close();
  }
}

async function openSite(stage: Stage, total: number): Promise<Site> {
  const { bench, postgres } = stage;
  bench.progress(`writing ${formatRate(total)} ports`);
  const databaseUrl = await postgres.createDatabase(`pages-${total}`);
  const replica = await stage.startReplica(`network-api-pages-${total}`, databaseUrl);
  const projectId = randomUUID();
  const api = await stage.userOf(projectId, replica.url);
  const data = await prepare(api, projectId);
  await onDatabase(databaseUrl, async (client) => {
    await addGroups(client, data);
    // What is written refers to what is written with it: checking that a million times over would take most of the time.
    await client.query(`set session_replication_role = 'replica'; set synchronous_commit = 'off'`);
    for (let from = 0; from < total; from += portsAtOnce) {
      bench.signal.throwIfAborted();
      await addPorts(client, data, { from, to: Math.min(total, from + portsAtOnce), total });
    }
    await client.query('vacuum analyze');
  });
  // A replica that has just started runs unoptimised code.
  for (let read = 0; read < warmUpPages; read++) await api.call('GET', '/v1/ports?limit=100');
  return {
    total,
    api,
    lists: lists(data),
    async close() {
      api.close();
      await replica.stop();
    },
  };
}

async function prepare(api: Api, projectId: string): Promise<PortData> {
  const main = await api.makeNetwork('10.0.0.0/8');
  const small = await api.makeNetwork('10.0.0.0/8');
  return {
    projectId,
    mainNetworkId: main.networkId,
    mainSubnetId: main.subnetId,
    smallNetworkId: small.networkId,
    defaultGroupId: randomUUID(),
    rareGroupId: randomUUID(),
  };
}

/** Milliseconds, or what is wrong with the page. */
type Timing = number | string;

/** The typical time of a list's first page in one turn. */
async function timePage({ bench }: Stage, api: Api, list: List): Promise<Timing> {
  const path = `/v1/ports?limit=100${list.query === '' ? '' : `&${list.query}`}`;
  const first = await api.send('GET', path);
  if (first.status !== 200) return describeFailure(first);
  const fitting = fittingPorts(first, list);
  if (fitting !== rarePorts) return `${fitting} ports that belong in it`;
  const latencies = new Latencies();
  const endAt = performance.now() + (bench.options.quick ? 70 : 250);
  while (latencies.count < fewestPages || performance.now() < endAt) {
    bench.signal.throwIfAborted();
    const startedAt = performance.now();
    const { status } = await api.send('GET', path);
    latencies.add(performance.now() - startedAt);
    if (status !== 200) return `one page was answered with ${status}`;
  }
  return latencies.percentile(0.5) ?? 0;
}

/** The median of the turns, or the first thing that was wrong. */
function typical(timings: readonly Timing[]): Timing {
  const wrong = timings.find((timing) => typeof timing === 'string');
  const times = timings.filter((timing) => typeof timing === 'number').toSorted((one, other) => one - other);
  return wrong ?? times[Math.floor(times.length / 2)] ?? 'not timed';
}

function fittingPorts(page: Answer, { fits }: List): number {
  const body: unknown = JSON.parse(page.body.toString());
  const items = typeof body === 'object' && body !== null && 'items' in body ? body.items : [];
  const ports: readonly unknown[] = Array.isArray(items) ? items : [];
  return ports.filter((port) => isDeepStrictEqual({ ...Object(port), ...fits }, port)).length;
}

function report({ bench }: Stage, list: List, many: number, times: readonly Timing[]): void {
  const [small, large] = times;
  const ratio = typeof small === 'number' && typeof large === 'number' ? large / small : undefined;
  const said = times.map((time) => (typeof time === 'number' ? `${formatMs(time)} ms` : time));
  bench.addFinding({
    claim: `a page of 100 out of ${formatRate(few)} and ${formatRate(many)} ports: ${list.name}`,
    seen: `p50 ${said.join(' and ')}${ratio === undefined ? '' : `: ${ratio.toFixed(2)}×`}`,
    target: `within ${mostRatio}×`,
    isHeld: ratio !== undefined && ratio <= mostRatio,
  });
}
