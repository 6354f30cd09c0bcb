import { setTimeout as pause } from 'node:timers/promises';
import type { Stack } from './stack.ts';
import type { Narrator } from './story/narrator.ts';

const lookEveryMs = 500;

/** Keeps the processes up until told to stop: what ends by itself is started again, as a service manager would do. */
export async function keepUp(stack: Stack, narrator: Narrator, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const process of stack.processes) {
      if (process.isRunning) continue;
      narrator.line(`  ${process.name} has ended (${await process.exited}); starting it again`);
      await stack
        .start(process.name)
        .catch((error: unknown) =>
          narrator.line(`  ${error instanceof Error ? error.message : String(error)}`),
        );
    }
    await pause(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}
