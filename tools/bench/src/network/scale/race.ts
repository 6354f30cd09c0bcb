import { isDeepStrictEqual } from 'node:util';
import { Connection } from '../../load/connection.ts';
import { describeFailure } from '../../load/closed-loop.ts';
import type { Stage } from '../stage.ts';

const creates = 300;
const clients = 32;
const rounds = 5;
const mostSeconds = 1;

/** Many clients race for the addresses of a /24: each address goes to one port, and the rest are told that none is left. */
export async function race(stage: Stage): Promise<void> {
  const { bench } = stage;
  bench.progress(`the race of ${creates} creates for a /24, ${clients} clients`);
  const seconds: number[] = [];
  const outcomes = new Set<string>();
  const wanted = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const { took, free, given, distinct, refusals } = await raceOnce(stage);
    seconds.push(took);
    const others = [...refusals].map(([what, count]) => `${count} × ${what}`).sort();
    wanted.add(`${free} given, ${free} distinct, ${creates - free} × 409 subnet-exhausted`);
    outcomes.add(`${given} given, ${distinct} distinct, ${others.join(', ')}`);
  }
  const slowest = Math.max(...seconds);
  bench.addFinding({
    claim: `${creates} creates race for a /24, ${clients} clients (${rounds} times)`,
    seen: `${[...outcomes].join('; ')}; ${seconds.map((each) => each.toFixed(2)).join(', ')} s`,
    target: `${[...wanted].join('; ')}; < ${mostSeconds} s`,
    isHeld: wanted.size === 1 && isDeepStrictEqual(outcomes, wanted) && slowest < mostSeconds,
  });
}

async function raceOnce({ api, service, request }: Stage) {
  const { networkId, subnetId } = await api.makeNetwork('10.24.0.0/24');
  const free = await api.freeAddresses(subnetId);
  const text = request('POST', `/v1/networks/${networkId}/ports`, {});
  const connections = await Promise.all(Array.from({ length: clients }, () => Connection.open(service.url)));
  const addresses: string[] = [];
  const refusals = new Map<string, number>();
  let left = creates;
  const startedAt = performance.now();
  try {
    await Promise.all(
      connections.map(async (connection) => {
        while (left-- > 0) {
          const answer = await connection.send(text);
          if (answer.status === 201) addresses.push(addressOf(answer.body));
          else refusals.set(describeFailure(answer), (refusals.get(describeFailure(answer)) ?? 0) + 1);
        }
      }),
    );
  } finally {
    for (const connection of connections) connection.close();
  }
  return {
    free,
    took: (performance.now() - startedAt) / 1000,
    given: addresses.length,
    distinct: new Set(addresses).size,
    refusals,
  };
}

function addressOf(body: Buffer): string {
  const port: unknown = JSON.parse(body.toString());
  if (typeof port !== 'object' || port === null || !('fixedIps' in port) || !Array.isArray(port.fixedIps))
    throw new Error('a port without addresses');
  const addresses: readonly unknown[] = port.fixedIps;
  return JSON.stringify(addresses);
}
