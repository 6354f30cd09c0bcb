import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { runLoop } from '../load/closed-loop.ts';
import { packageFolder } from '../machine/build.ts';
import { processorSeconds } from '../machine/cpu.ts';
import { formatMs, formatRate } from '../report/table.ts';
import type { Stage } from './stage.ts';

const clients = 32;

interface Seen {
  readonly rate: number;
  readonly p50Ms: number;
  readonly cpuMicroseconds: number;
}

/**
 * Holds our own client against autocannon on the floor, in turns. Both share the processors with what they measure: the one
 * that takes less of them sees more of it, and both must see the same service.
 */
export async function checkClient(stage: Stage): Promise<void> {
  const { bench } = stage;
  bench.progress('our client and autocannon on the floor, in turns');
  const seconds = bench.options.quick ? 1 : 4;
  const path = '/v1/networks/019abc00-0000-7000-8000-000000000001/ports';
  const own: Seen[] = [];
  const theirs: Seen[] = [];
  for (let turn = 0; turn < 3; turn++) {
    own.push(await runOwn(stage, path, seconds));
    theirs.push(await runAutocannon(stage, path, seconds));
  }
  const [ours, cannon] = [best(own), best(theirs)];
  const said = ({ rate, p50Ms, cpuMicroseconds }: Seen) =>
    `${formatRate(rate)}/s, p50 ${formatMs(p50Ms)} ms, ${cpuMicroseconds.toFixed(0)} µs of processor a request`;
  bench.addFinding({
    claim: `floor POST, ${clients} clients: our client and autocannon`,
    seen: `${said(ours)}; ${said(cannon)}`,
    target: 'ours sees no less, and takes less',
    isHeld: ours.rate >= cannon.rate * 0.95 && ours.cpuMicroseconds < cannon.cpuMicroseconds,
  });
}

async function runOwn({ bench, floor, request }: Stage, path: string, seconds: number): Promise<Seen> {
  const text = request('POST', path, { name: 'web-1' });
  let before = 0;
  let after = 0;
  const { stepsPerSecond, steps, latencies } = await runLoop(
    { step: (_, send) => send(text) },
    {
      urls: [floor.url],
      clients,
      seconds,
      warmUpSeconds: 0.5,
      signal: bench.signal,
      onWindow: (phase) => {
        if (phase === 'begin') before = processorSeconds(process.pid);
        else after = processorSeconds(process.pid);
      },
    },
  );
  return {
    rate: stepsPerSecond,
    p50Ms: latencies.percentile(0.5) ?? 0,
    cpuMicroseconds: ((after - before) * 1e6) / steps,
  };
}

/** In a process of its own, as its command starts it. Its start counts as processor time, so it gets a run without one first. */
async function runAutocannon({ bench, floor, api }: Stage, path: string, seconds: number): Promise<Seen> {
  const run = (duration: number) =>
    runJson(bench.signal, [
      join(packageFolder('autocannon'), 'autocannon.js'),
      ...['--connections', String(clients), '--duration', String(duration), '--json'],
      ...['--method', 'POST', '--body', '{"name":"web-1"}'],
      ...['--headers', `authorization=Bearer ${api.token}`],
      ...['--headers', 'content-type=application/json'],
      `${floor.url}${path}`,
    ]);
  const { json, cpuSeconds } = await run(seconds);
  const rate = numberAt(json, 'requests', 'average');
  const total = numberAt(json, 'requests', 'total');
  if (numberAt(json, 'non2xx') > 0 || numberAt(json, 'errors') > 0) throw new Error('autocannon met errors');
  return { rate, p50Ms: numberAt(json, 'latency', 'p50'), cpuMicroseconds: (cpuSeconds * 1e6) / total };
}

/** Runs a Node program that prints JSON, and takes its processor time when it has printed it. */
function runJson(
  signal: AbortSignal,
  args: readonly string[],
): Promise<{ readonly json: unknown; readonly cpuSeconds: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], signal });
    let output = '';
    let cpuSeconds = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      cpuSeconds = Math.max(cpuSeconds, processorSeconds(child.pid ?? 0));
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve({ json: JSON.parse(output), cpuSeconds });
      else reject(new Error(`autocannon ended with ${code}`));
    });
  });
}

function numberAt(value: unknown, ...path: readonly string[]): number {
  const found = path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
  if (typeof found !== 'number') throw new Error(`autocannon's report has no ${path.join('.')}`);
  return found;
}

function best(seen: readonly Seen[]): Seen {
  const [first] = seen.toSorted((one, other) => other.rate - one.rate);
  if (!first) throw new Error('nothing was measured');
  return first;
}
