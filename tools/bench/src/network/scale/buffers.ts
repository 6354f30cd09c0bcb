import { captureStatements, explained, type ExecutedStatement } from '../../machine/plans.ts';
import { onDatabase } from '../../machine/postgres.ts';
import { formatTable } from '../../report/table.ts';
import { Api, type MadeNetwork } from '../api.ts';
import type { Stage } from '../stage.ts';

/** A session's first statements also read catalogues and make plans. */
const warmUpCreates = 30;
const createsLookedAt = 9;

/** Tables that know which addresses are free: a statement on one of them is part of the allocation. */
const allocation = /\b(free_ranges|resting_addresses|subnet_usage)\b/;

/** What one `createPort` executed, with the typical number of buffers of each statement. */
export interface Touched {
  readonly statements: readonly { readonly text: string; readonly buffers: number }[];
  readonly total: number;
  readonly allocation: number;
}

/**
 * Counts the buffers that `createPort` touches in each network, by PostgreSQL's own `explain (analyze, buffers)` of what a
 * replica sends. What is typical is the median of some: a page may be pruned or split by any single one.
 */
export async function countBuffers(stage: Stage, networks: readonly MadeNetwork[]): Promise<Touched[]> {
  const { bench, postgres, databaseUrl } = stage;
  bench.progress('buffers of createPort, by explain (analyze, buffers)');
  const replica = await stage.startReplica('network-api-explained', explained(databaseUrl));
  const api = new Api(replica.url, stage.api.token);
  try {
    return await onDatabase(databaseUrl, async (client) => {
      const touched: Touched[] = [];
      for (const { networkId } of networks) {
        const create = () => api.call('POST', `/v1/networks/${networkId}/ports`, { name: 'web-1' });
        for (let made = 0; made < warmUpCreates; made++) await create();
        const runs: ExecutedStatement[][] = [];
        for (let made = 0; made < createsLookedAt; made++)
          runs.push(await captureStatements(client, postgres.logFolder, create));
        touched.push(typical(runs));
      }
      return touched;
    });
  } finally {
    api.close();
    await replica.stop();
  }
}

/** The typical run: statement by statement where all runs had the same ones. */
export function typical(runs: readonly (readonly ExecutedStatement[])[]): Touched {
  const length = median(runs.map((run) => run.length));
  const alike = runs.filter((run) => run.length === length);
  const [first = []] = alike;
  const statements = first.map(({ text }, index) => ({
    text,
    buffers: median(alike.map((run) => run[index]?.buffers ?? 0)),
  }));
  const sum = (list: typeof statements) => list.reduce((total, { buffers }) => total + buffers, 0);
  return {
    statements,
    total: sum(statements),
    allocation: sum(statements.filter(({ text }) => allocation.test(text))),
  };
}

/** A table of statements beside each other, with their sums. */
export function formatTouched(titles: readonly string[], touched: readonly Touched[]): string[] {
  const [first] = touched;
  const rows = (first?.statements ?? []).map(({ text }, index) => [
    `${shortened(text)}${allocation.test(text) ? ' *' : ''}`,
    ...touched.map(({ statements }) => String(statements[index]?.buffers ?? '–')),
  ]);
  return [
    ...formatTable(
      ['statement', ...titles],
      [
        ...rows,
        ['all', ...touched.map(({ total }) => String(total))],
        ['allocation (*)', ...touched.map(({ allocation: sum }) => String(sum))],
      ],
    ),
  ];
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 70 ? `${line.slice(0, 69)}…` : line;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
