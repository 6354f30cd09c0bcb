import { runLoop } from '../load/closed-loop.ts';
import { residentMebibytes } from '../machine/cpu.ts';
import { idOf } from './api.ts';
import type { Stage } from './stage.ts';

const mostMebibytes = 250;
/** What the second half may be above the first: a heap breathes. */
const mostGrowth = 1.1;
const clients = 32;
/** Time enough for a service that is far from its targets. */
const mostSeconds = 1800;

/** Resident memory of the replica after all that came before. */
export async function noteMemory({ bench, service, api }: Stage): Promise<void> {
  const mebibytes = residentMebibytes(service.pid);
  const metrics = (await api.send('GET', '/metrics')).body.toString();
  const said = (name: string) => `${(metricIn(metrics, name) / 2 ** 20).toFixed(0)} MiB`;
  bench.addFinding({
    claim: 'resident memory of a replica after the bench',
    seen:
      `${mebibytes.toFixed(0)} MiB (heap ${said('nodejs_heap_size_total_bytes')}, ` +
      `${said('nodejs_heap_size_used_bytes')} of it used, ${said('nodejs_external_memory_bytes')} beside it)`,
    target: `< ${mostMebibytes} MiB`,
    isHeld: mebibytes < mostMebibytes,
  });
}

/** Whether memory stays flat while ports are made and deleted. */
export async function watchMemory(stage: Stage): Promise<void> {
  const { bench, api, service, request } = stage;
  const pairs = bench.options.quick ? 5_000 : 200_000;
  const { networkId } = await api.makeNetwork('10.0.0.0/8');
  const create = request('POST', `/v1/networks/${networkId}/ports`, {});
  const samples: number[] = [];
  let begun = 0;
  let done = 0;
  const { errors } = await runLoop(
    {
      async step(_, send) {
        if (begun === pairs) return false;
        begun += 1;
        const { status, body } = await send(create);
        if (status === 201) await send(request('DELETE', `/v1/ports/${idOf(JSON.parse(body.toString()))}`));
        done += 1;
        if (done % (pairs / 20) === 0) samples.push(residentMebibytes(service.pid));
        if (done % (pairs / 10) === 0)
          bench.progress(
            `memory: ${done} of ${pairs} creates and deletes, ${samples.at(-1)?.toFixed(0)} MiB`,
          );
        return true;
      },
    },
    { urls: [service.url], clients, seconds: mostSeconds, warmUpSeconds: 0, signal: bench.signal },
  );
  const failures = [...errors].map(([what, count]) => `${count} × ${what}`);
  // The first tenth warms up: code is compiled, the heap finds its size.
  const settled = samples.slice(2);
  const half = Math.floor(settled.length / 2);
  const early = mean(settled.slice(0, half));
  const late = mean(settled.slice(half));
  bench.addFinding({
    claim: `resident memory over ${pairs} creates and ${pairs} deletes`,
    seen: `${early.toFixed(0)} MiB in the first half, ${late.toFixed(0)} MiB in the second, ${Math.max(...samples).toFixed(0)} MiB at most${failures.length > 0 ? `; errors: ${failures.join(', ')}` : ''}`,
    target: `flat (within ${mostGrowth}×), < ${mostMebibytes} MiB`,
    isHeld:
      failures.length === 0 &&
      done >= pairs &&
      late <= early * mostGrowth &&
      Math.max(...samples) < mostMebibytes,
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A gauge's value in the text of `/metrics`. */
export function metricIn(metrics: string, name: string): number {
  const value = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(metrics)?.[1];
  if (value === undefined) throw new Error(`there is no metric ${name}`);
  return Number(value);
}
