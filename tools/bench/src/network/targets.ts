import type { Finding, Row } from '../report/result.ts';
import { formatMs, formatRate } from '../report/table.ts';

/** What an operation must reach at 32 clients. */
interface Target {
  readonly operation: string;
  readonly atLeastPerSecond?: number;
  readonly atLeastOfFloor?: number;
  readonly p99AtMostMs?: number;
}

const clients = 32;
const replicasShare = 0.8;

const targets: readonly Target[] = [
  { operation: 'createPort', atLeastPerSecond: 3_000, atLeastOfFloor: 0.5, p99AtMostMs: 50 },
  { operation: 'createPorts', atLeastPerSecond: 8_000 },
  { operation: 'getPort', atLeastOfFloor: 0.5 },
  { operation: 'listPorts of 100', atLeastPerSecond: 1_000 },
  { operation: 'unplug+plug', atLeastPerSecond: 2_000 },
  { operation: 'deletePort', atLeastPerSecond: 2_000 },
];

/** Holds the rows against the targets; says nothing of what was not measured. */
export function judgeRates(rows: readonly Row[]): Finding[] {
  const at32 = new Map(rows.filter((row) => row.clients === clients).map((row) => [row.operation, row]));
  const judged = targets.flatMap((target) => {
    const row = at32.get(target.operation);
    return row ? [judge(target, row)] : [];
  });
  const one = at32.get('createPort');
  const two = at32.get('createPort x2 replicas');
  return one && two ? [...judged, judgeReplicas(one, two)] : judged;
}

function judge({ operation, atLeastPerSecond, atLeastOfFloor, p99AtMostMs }: Target, row: Row): Finding {
  const wanted = [
    ...(atLeastPerSecond === undefined ? [] : [`≥ ${formatRate(atLeastPerSecond)} ${row.unit}/s`]),
    ...(atLeastOfFloor === undefined ? [] : [`≥ ${percent(atLeastOfFloor)} of the floor`]),
    ...(p99AtMostMs === undefined ? [] : [`p99 ≤ ${p99AtMostMs} ms`]),
  ];
  return {
    claim: `${operation}, ${clients} clients`,
    seen: [
      `${formatRate(row.ratePerSecond)} ${row.unit}/s`,
      ...(atLeastOfFloor === undefined || row.floorRatio === null
        ? []
        : [`${percent(row.floorRatio)} of the floor`]),
      ...(p99AtMostMs === undefined ? [] : [`p99 ${formatMs(row.p99Ms)} ms`]),
      ...(row.errors === 0 ? [] : [`${row.errors} errors`]),
    ].join(', '),
    target: wanted.join(', '),
    isHeld:
      row.errors === 0 &&
      row.ratePerSecond >= (atLeastPerSecond ?? 0) &&
      (row.floorRatio ?? 0) >= (atLeastOfFloor ?? 0) &&
      row.p99Ms <= (p99AtMostMs ?? Infinity),
  };
}

function judgeReplicas(one: Row, two: Row): Finding {
  const share = one.ratePerSecond === 0 ? 0 : two.ratePerSecond / one.ratePerSecond;
  return {
    claim: `createPort by two replicas, ${clients} clients`,
    seen: `${percent(share)} of one`,
    target: `≥ ${percent(replicasShare)} of one`,
    isHeld: two.errors === 0 && share >= replicasShare,
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)}%`;
}
