import { Latencies } from '../../load/latencies.ts';
import { formatMs } from '../../report/table.ts';
import { idOf, type MadeNetwork } from '../api.ts';
import type { Stage } from '../stage.ts';

const mostMs = 10;
const rounds = 200;

/** Whether the only free address of a /16 is found at once, wherever it is, and none is found when there is none. */
export async function findLastAddress(stage: Stage, { networkId, subnetId }: MadeNetwork): Promise<void> {
  const { bench, api } = stage;
  bench.progress('the last free address of a /16');
  const path = `/v1/networks/${networkId}/ports`;
  const ids = await api.makePorts(networkId, (await api.freeAddresses(subnetId)) - 1);
  const latencies = new Latencies();
  const createLast = async () => {
    const startedAt = performance.now();
    const port = await api.call('POST', path, {});
    latencies.add(performance.now() - startedAt);
    return idOf(port);
  };
  await createLast();
  if ((await api.freeAddresses(subnetId)) !== 0) throw new Error('the last address was not the last');
  const { status, body } = await api.send('POST', path, {});
  if (status !== 409 || !body.toString().includes('subnet-exhausted'))
    throw new Error(`a full /16 was not exhausted: ${status} ${body.toString()}`);
  const choices = ids.length;
  for (let round = 0; round < rounds; round++) {
    bench.signal.throwIfAborted();
    const index = Math.floor((round * choices) / rounds);
    await api.call('DELETE', `/v1/ports/${ids[index] ?? ''}`);
    ids[index] = await createLast();
  }
  const p99 = latencies.percentile(0.99) ?? Infinity;
  bench.addFinding({
    claim: `the last free address of a /16 (${rounds + 1} times, all over it)`,
    seen: `p50 ${formatMs(latencies.percentile(0.5) ?? 0)} ms, p99 ${formatMs(p99)} ms, slowest ${formatMs(latencies.percentile(1) ?? 0)} ms`,
    target: `p99 < ${mostMs} ms`,
    isHeld: p99 < mostMs,
  });
}
