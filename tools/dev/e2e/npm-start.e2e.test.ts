import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { foldersOf, markOf, NpmStart, processesIn, tracesOf } from './npm-start.ts';
import { buildBundles, noteMark, takeTurns } from './test-stack.ts';

let endTurn: () => Promise<void>;
let dataDir: string;
let running: NpmStart[] = [];

beforeAll(async () => {
  endTurn = await takeTurns();
  await buildBundles();
  dataDir = mkdtempSync(join(tmpdir(), 'patchpanel-e2e-'));
  chmodSync(dataDir, 0o755); // the processes' users must get through
  noteMark(markOf(dataDir));
});

afterEach(async () => {
  for (const each of running) await each.end('SIGTERM');
  running = [];
});

afterAll(async () => {
  rmSync(dataDir, { recursive: true, force: true });
  await endTurn();
});

function npmStart(...options: string[]): NpmStart {
  const started = new NpmStart(dataDir, ...options);
  running.push(started);
  return started;
}

test('--once proves the four steps, exits 0 and leaves nothing; so it does a second time', async () => {
  for (let count = 0; count < 2; count += 1) {
    const once = npmStart('--once');
    expect(await once.ended, once.output).toBe(0);
    expect(once.output).not.toContain('✗');
    expect(once.output.match(/ 0% loss/g)).toHaveLength(4);
    expect(once.output).toContain('compute-api 0, compute-host 0');
    expect(await tracesOf(dataDir)).toEqual([]);
    expect(readdirSync(dataDir)).toEqual([]);
  }
});

test('--once does the same with simulated machines where there can be no real ones', async () => {
  const once = npmStart('--once', '--simulated');
  expect(await once.ended, once.output).toBe(0);
  expect(once.output).toContain('simulated machines and wires, as asked for by --simulated');
  expect(once.output).toContain('compute and others 0');
  expect(once.output).not.toContain('✗');
  expect(await tracesOf(dataDir)).toEqual([]);
});

test('--once killed during the proof: the next run removes all that it left', async () => {
  const killed = npmStart('--once');
  await killed.said('Proof');
  await killed.said(' pings ');
  await killed.end('SIGKILL');
  const services = processesIn(dataDir).filter(({ command }) => command.includes('main.mjs'));
  expect(services).toHaveLength(4);
  for (const { pid } of services) process.kill(pid, 'SIGKILL');
  const left = await tracesOf(dataDir);
  for (const kind of ['link', 'table', 'process', 'folder']) {
    expect(left.some((line) => line.startsWith(kind))).toBe(true);
  }

  const next = npmStart('--once');
  expect(await next.ended, next.output).toBe(0);
  expect(next.output).toMatch(/killed runs removed .* once-/);
  expect(await tracesOf(dataDir)).toEqual([]);
  expect(readdirSync(dataDir)).toEqual([]);
});

test('Ctrl-C removes everything but the databases; a second start is refused while it runs', async () => {
  const first = npmStart();
  await first.said('Everything is up');
  expect((await tracesOf(dataDir)).length).toBeGreaterThan(8);

  const second = npmStart();
  expect(await second.ended).toBe(1);
  expect(second.output).toContain('is in use by another npm start');

  await first.end('SIGINT');
  expect(first.output).toContain('✓ done');
  expect(await tracesOf(dataDir)).toEqual([]);
  expect(foldersOf(dataDir)).toEqual(['dev']);
});

test('after everything was killed at once, the next run removes what is left and works', async () => {
  const first = npmStart();
  await first.said('Everything is up');
  await first.end('SIGKILL');
  const services = processesIn(dataDir).filter(({ command }) => command.includes('main.mjs'));
  expect(services).toHaveLength(4);
  for (const { pid } of services.slice(1)) process.kill(pid, 'SIGKILL');
  const left = await tracesOf(dataDir);
  expect(left.some((line) => line.startsWith('link'))).toBe(true);
  expect(left.some((line) => line.startsWith('process'))).toBe(true);

  const next = npmStart();
  await next.said('Everything is up');
  expect(next.output).toContain('ended what an earlier run left');
  expect(next.output).not.toContain('✗');
  await next.end('SIGINT');
  expect(next.output).toContain('✓ done');
  expect(await tracesOf(dataDir)).toEqual([]);
});
