import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { chooseMode } from '../src/mode.ts';
import { placesIn } from '../src/places.ts';
import { until } from '../src/processes/until.ts';
import { silently } from '../src/progress.ts';
import { Stack } from '../src/stack.ts';
import { walkFourSteps, type Story } from '../src/story/four-steps.ts';
import { Made } from '../src/story/made.ts';
import type { Narrator } from '../src/story/narrator.ts';

/** The checkout's folder. */
export const root = resolve(import.meta.dirname, '../../..');

/** Makes the bundles, if anything has changed since they were made. */
export async function buildBundles(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(root, 'tools/build/src/main.ts')], { cwd: root });
}

/** Starts a whole Patchpanel in a folder of its own, with real machines and wires. */
export async function startTestStack(): Promise<Stack> {
  await buildBundles();
  const mode = await chooseMode({ simulated: false });
  if (!mode.isReal) throw new Error(`end-to-end tests need real machines and wires: ${mode.reason ?? '?'}`);
  // The run's name in the instance's tells whose it is what is left in the kernel.
  const run = process.env['PATCHPANEL_TEST_RUN'];
  const name = ['e2e', ...(run === undefined ? [] : [run]), randomBytes(2).toString('hex')].join('-');
  const state = join(tmpdir(), `patchpanel-${name}`);
  const places = placesIn(state, join(state, 'run'), name);
  return Stack.start({ mode, places, portBase: 'free', dist: join(root, 'dist'), keepState: false });
}

/** Tells the test run by what else it can know things of its own: part of a name that we can't choose. */
export function noteMark(mark: string): void {
  const file = process.env['PATCHPANEL_TEST_MARKS'];
  if (file !== undefined) appendFileSync(file, `${mark}\n`);
}

/** Walks the four steps in silence. */
export function walkInSilence(stack: Stack): Promise<Story> {
  return walkFourSteps(stack.patchpanel(), silent, new Made(join(stack.places.state, 'made.json')));
}

const silent: Narrator = {
  heading: () => undefined,
  line: () => undefined,
  claim: () => undefined,
  failures: [],
  waiting: silently,
  hooks: {},
};

/**
 * Lets only one file of end-to-end tests at a time have the machine, as each starts several databases and machines.
 * Gives what ends the turn.
 */
export async function takeTurns(): Promise<() => Promise<void>> {
  const server = await until('our turn', () => tryToListen('\0patchpanel-e2e-turn'), {
    timeoutMs: 330_000,
    everyMs: 500,
  });
  return () => new Promise((done) => server.close(() => done()));
}

function tryToListen(name: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(name, () => resolve(server));
  });
}
