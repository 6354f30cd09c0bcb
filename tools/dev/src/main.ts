/**
 * The development stack: `npm start`. It starts both services, an agent and a host, walks the four steps as a user
 * would, proves them, and stays up until it is told to end.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { InUseError } from './lock.ts';
import { chooseMode } from './mode.ts';
import { readOptions, usage, UsageError, type Options } from './options.ts';
import { placesOf, placesOfOnceRuns } from './places.ts';
import { progressOn } from './progress.ts';
import { Stack } from './stack.ts';
import { walkFourSteps, type Story } from './story/four-steps.ts';
import { Made } from './story/made.ts';
import { narrateOn, type Narrator } from './story/narrator.ts';
import { nextSteps } from './story/next-steps.ts';
import { proveStory } from './story/proofs.ts';
import { keepUp } from './supervision.ts';

const out = process.stdout;
const progress = progressOn(out);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));
}
process.umask(0o022); // what is secret is given its mode by name

process.exitCode = await main().catch((error: unknown) => {
  const isExpected = error instanceof UsageError || error instanceof InUseError;
  out.write(`✗ ${error instanceof Error ? error.message : String(error)}\n${isExpected ? '' : '\n'}`);
  return error instanceof UsageError ? 2 : 1;
});

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    out.write(usage);
    return 0;
  }
  const narrator = narrateOn(out);
  const stack = await startStack(options, narrator);
  const made = new Made(join(stack.places.state, 'made.json'));
  try {
    const story = await tell(stack, narrator, made);
    if (narrator.failures.length === 0 && !options.once) await stayUp(stack, story, narrator);
    else if (narrator.failures.length > 0) showComplaints(stack, narrator);
  } catch (error) {
    if (!stopping.signal.aborted) {
      narrator.claim(error instanceof Error ? error.message : String(error), false);
      showComplaints(stack, narrator);
    } else if (options.once) narrator.claim('all steps were walked', false, 'interrupted');
  } finally {
    await takeDown(stack, made, narrator, options);
  }
  return summarise(narrator);
}

async function startStack(options: Options, narrator: Narrator): Promise<Stack> {
  const mode = await chooseMode(options);
  const name = options.once
    ? `once-${randomBytes(4).toString('hex')}`
    : mode.isReal
      ? 'dev'
      : 'dev-simulated';
  const places = placesOf(name, options.dataDir);
  narrator.heading('Patchpanel: two control planes that never call each other');
  narrator.line(
    mode.isReal
      ? '  real machines and wires: network namespaces on this kernel (driver netns, provider flat)'
      : `  simulated machines and wires, as ${mode.reason ?? 'asked for'}`,
  );
  narrator.line(`  state ${places.state}${options.once ? ', removed at the end' : ''}`);
  narrator.line();
  return Stack.start({
    mode,
    keepState: !options.once,
    places,
    onceRuns: placesOfOnceRuns(places, options.dataDir).filter(({ state }) => state !== places.state),
    portBase: options.portBase,
    dist: join(import.meta.dirname, '..'),
    progress,
    signal: stopping.signal,
  });
}

async function tell(stack: Stack, narrator: Narrator, made: Made): Promise<Story> {
  if (!made.isEmpty) {
    await progress("last run's story removed", async (say) => {
      say((await made.remove(stack.patchpanel())).join(', '));
    });
  }
  const hooks = { ...narrator.hooks, onRequest: () => stopping.signal.throwIfAborted() };
  const story = await walkFourSteps(stack.patchpanel({ hooks }), narrator, made);
  await proveStory(stack, story, narrator);
  return story;
}

async function stayUp(stack: Stack, story: Story, narrator: Narrator): Promise<void> {
  for (const line of await nextSteps(stack, story)) narrator.line(line);
  await keepUp(stack, narrator, stopping.signal);
}

async function takeDown(stack: Stack, made: Made, narrator: Narrator, { once }: Options): Promise<void> {
  narrator.heading('Removing everything');
  await progress('through the APIs', async (say) => {
    const left = await made.remove(stack.patchpanel({ timeoutMs: 8_000, retry: { maxAttempts: 2 } }));
    if (left.length > 0) say(`kept, as something of yours depends on it: ${left.join(', ')}`);
  });
  await progress('processes, machines, wires', () => stack.close());
  if (!once) narrator.line(`  the databases in ${stack.places.state} are kept for the next time`);
}

function summarise(narrator: Narrator): number {
  const { failures } = narrator;
  narrator.line();
  for (const failure of failures) narrator.line(`✗ ${failure}`);
  if (failures.length === 0) narrator.line('✓ done');
  return failures.length === 0 ? 0 : 1;
}

/** The reason of a failure is often in what a process has said. */
function showComplaints(stack: Stack, narrator: Narrator): void {
  narrator.line(stack.complaints());
  for (const process of stack.processes) {
    if (!process.isRunning) narrator.line(`  ${process.name} is not running`);
  }
}
