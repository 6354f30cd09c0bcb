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
const fewestPages = 20;

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
    await onDatabase(databaseUrl, (client) => addGroups(client, data));
    const all = lists(data);
    const timings = await onDatabase(databaseUrl, async (client) => {
      const measured: (number | string)[][] = [];
      for (const total of [few, many]) {
        bench.progress(`a page of 100 out of ${formatRate(total)} ports: writing them`);
        // Each size is written from nothing, as what is rare lies spread over all.
        await client.query(
          'truncate ports, port_addresses, port_security_groups, attachments, bindings, tagged_resources cascade',
        );
        const step = 100_000;
        for (let from = 0; from < total; from += step) {
          bench.signal.throwIfAborted();
          await addPorts(client, data, { from, to: Math.min(total, from + step), total });
        }
        await client.query('vacuum analyze');
        const times: (number | string)[] = [];
        for (const list of all) {
          bench.progress(`a page of 100 out of ${formatRate(total)} ports: ${list.name}`);
          times.push(await timePage(stage, api, list));
        }
        measured.push(times);
      }
      return measured;
    });
    report(stage, all, timings, many);
  } finally {
    api.close();
    await replica.stop();
  }
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

/** The typical time of a list's first page, in milliseconds; or what is wrong with the page. */
async function timePage({ bench }: Stage, api: Api, list: List): Promise<number | string> {
  const path = `/v1/ports?limit=100${list.query === '' ? '' : `&${list.query}`}`;
  const first = await api.send('GET', path);
  if (first.status !== 200) return describeFailure(first);
  const fitting = fittingPorts(first, list);
  if (fitting !== rarePorts) return `${fitting} ports that belong in it`;
  const latencies = new Latencies();
  const endAt = performance.now() + (bench.options.quick ? 200 : 700);
  while (latencies.count < fewestPages || performance.now() < endAt) {
    bench.signal.throwIfAborted();
    const startedAt = performance.now();
    const { status } = await api.send('GET', path);
    latencies.add(performance.now() - startedAt);
    if (status !== 200) return `one page was answered with ${status}`;
  }
  return latencies.percentile(0.5) ?? 0;
}

function fittingPorts(page: Answer, { fits }: List): number {
  const body: unknown = JSON.parse(page.body.toString());
  const items = typeof body === 'object' && body !== null && 'items' in body ? body.items : [];
  const ports: readonly unknown[] = Array.isArray(items) ? items : [];
  return ports.filter((port) => isDeepStrictEqual({ ...Object(port), ...fits }, port)).length;
}

function report(
  { bench }: Stage,
  all: readonly List[],
  [atFew = [], atMany = []]: readonly (readonly (number | string)[])[],
  many: number,
): void {
  for (const [index, list] of all.entries()) {
    const times = [atFew[index], atMany[index]];
    const [small, large] = times;
    const ratio = typeof small === 'number' && typeof large === 'number' ? large / small : undefined;
    const said = times.map((time) => (typeof time === 'number' ? `p50 ${formatMs(time)} ms` : `${time}`));
    bench.addFinding({
      claim: `a page of 100 out of ${formatRate(few)} and ${formatRate(many)} ports: ${list.name}`,
      seen: `${said.join(' and ')}${ratio === undefined ? '' : `: ${ratio.toFixed(2)}×`}`,
      target: `within ${mostRatio}×`,
      isHeld: ratio !== undefined && ratio <= mostRatio,
    });
  }
}
