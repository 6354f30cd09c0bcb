import { runLoop, type Workload } from '../../load/closed-loop.ts';
import { formatMs, formatRate } from '../../report/table.ts';
import { idOf, type MadeNetwork } from '../api.ts';
import type { Stage } from '../stage.ts';
import { countBuffers, formatTouched } from './buffers.ts';
import { findLastAddress } from './last-address.ts';

const few = 10;
const mostRatio = 1.3;

/** Whether `createPort` costs the same in a nearly empty subnet and in a nearly full one, IPv4 and IPv6. */
export async function measureFill(stage: Stage): Promise<void> {
  const { bench, api } = stage;
  const many = bench.options.quick ? 10_000 : 60_000;
  for (const [size, cidr] of [
    ['/16', '10.7.0.0/16'],
    ['/64', 'fd00:7::/64'],
  ] as const) {
    bench.progress(`a ${size} with ${few} ports and one with ${formatRate(many)}`);
    const emptyOne = await api.makeNetwork(cidr);
    const fullOne = await api.makeNetwork(cidr);
    await api.makePorts(emptyOne.networkId, few);
    await api.makePorts(fullOne.networkId, many);
    const what = `createPort in a ${size} with ${few} and with ${formatRate(many)} allocated`;
    await compareSpeed(stage, what, emptyOne, fullOne);
    const [atFew, atMany] = await countBuffers(stage, [emptyOne, fullOne]);
    if (!atFew || !atMany) throw new Error('no buffers were counted');
    bench.addFinding({
      claim: `${what}: buffers of the allocation`,
      seen: `${atFew.allocation} and ${atMany.allocation} (of all statements: ${atFew.total} and ${atMany.total})`,
      target: 'the same',
      isHeld: atFew.allocation === atMany.allocation && atFew.allocation > 0,
    });
    bench.addReport(
      `Buffers touched by one createPort in a ${size}, by explain (analyze, buffers); what runs inside another statement counts in both`,
      formatTouched([`at ${few}`, `at ${formatRate(many)}`], [atFew, atMany]),
    );
    if (size === '/16') await findLastAddress(stage, fullOne);
  }
}

/** In turns, so that what else the machine does hits both alike; what is typical is the median of the turns. */
async function compareSpeed(
  stage: Stage,
  what: string,
  emptyOne: MadeNetwork,
  fullOne: MadeNetwork,
): Promise<void> {
  const { bench } = stage;
  const turns = bench.options.quick ? 3 : 7;
  for (const clients of [1, 32]) {
    bench.progress(`${what}, ${clients} ${clients === 1 ? 'client' : 'clients'}`);
    const seen = { few: { p50: [0], rate: [0] }, many: { p50: [0], rate: [0] } };
    for (const each of Object.values(seen)) each.p50.length = each.rate.length = 0;
    for (let turn = 0; turn < turns; turn++) {
      for (const [name, network] of [
        ['few', emptyOne],
        ['many', fullOne],
      ] as const) {
        const { latencies, stepsPerSecond, errors } = await runLoop(createAndDelete(stage, network), {
          urls: [stage.service.url],
          clients,
          seconds: bench.options.quick ? 0.4 : 1,
          warmUpSeconds: 0.2,
          signal: bench.signal,
        });
        if (errors.size > 0) throw new Error(`${what}: ${[...errors.keys()].join(', ')}`);
        seen[name].p50.push(latencies.percentile(0.5) ?? 0);
        seen[name].rate.push(stepsPerSecond);
      }
    }
    const p50 = { few: median(seen.few.p50), many: median(seen.many.p50) };
    const rate = { few: median(seen.few.rate), many: median(seen.many.rate) };
    const ratio = Math.max(p50.many / p50.few, rate.few / rate.many);
    bench.addFinding({
      claim: `${what}, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
      seen:
        `p50 ${formatMs(p50.few)} and ${formatMs(p50.many)} ms, ` +
        `create+delete ${formatRate(rate.few)} and ${formatRate(rate.many)}/s: ${ratio.toFixed(2)}×`,
      target: `within ${mostRatio}×`,
      isHeld: ratio <= mostRatio,
    });
  }
}

/** Makes a port and deletes it again, so that as many stay allocated as there were. The making alone is timed. */
function createAndDelete({ request }: Stage, { networkId }: MadeNetwork): Workload {
  const create = request('POST', `/v1/networks/${networkId}/ports`, { name: 'web-1' });
  return {
    timed: 'first-request',
    async step(_, send) {
      const { status, body } = await send(create);
      if (status === 201) await send(request('DELETE', `/v1/ports/${idOf(JSON.parse(body.toString()))}`));
    },
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
