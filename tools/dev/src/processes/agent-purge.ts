import { configurationOf, programOf, type Surroundings } from './configuration.ts';
import { commandAs, processEnvironment } from './managed-process.ts';
import { run } from './run.ts';

/** Lets the agent's program remove every kernel object that bears this instance's label. */
export async function purgeKernel(surroundings: Surroundings): Promise<void> {
  const { programs, users } = surroundings;
  const [program, ...args] = commandAs('network-agent', users?.['network-agent'], [
    programs.node,
    programOf('network-agent', programs),
    'purge',
  ]);
  const { code, stdout, stderr } = await run(program, args, {
    env: { ...processEnvironment, ...configurationOf('network-agent', surroundings) },
    timeoutMs: 30_000,
  });
  if (code !== 0) throw new Error(`the agent's purge failed with ${code}: ${(stderr || stdout).trim()}`);
}
