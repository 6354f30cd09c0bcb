import { isDatabaseUnavailable } from './database-errors.ts';
import type { Logger } from './logger.ts';

/** Work that is done again and again until it is stopped. */
export interface Repetition {
  /** Has it done now; when it is being done already, once more after that. */
  readonly wake: () => void;
  /** Ends it; resolves when nothing of it runs any more. */
  readonly stop: () => Promise<void>;
}

export interface RepetitionOptions {
  readonly name: string;
  /** Pause between two rounds, in seconds; a tenth more or less, so that replicas fall out of step. */
  readonly everySeconds: number;
  readonly logger: Logger;
  /** One round. The signal says that the repetition has been stopped. */
  readonly work: (signal: AbortSignal) => Promise<void>;
}

/**
 * Starts a repetition, with a first round at once. A round that fails is logged, and the next one comes all the same: a round
 * must find by itself what is left to do.
 */
export function repeat({ name, everySeconds, logger, work }: RepetitionOptions): Repetition {
  const controller = new AbortController();
  const { signal } = controller;
  let rounds: Promise<void> | undefined;
  let isWanted = false;
  let timer: NodeJS.Timeout | undefined;
  const run = async () => {
    while (isWanted && !signal.aborted) {
      isWanted = false;
      try {
        await work(signal);
      } catch (error) {
        logger[isDatabaseUnavailable(error) ? 'warn' : 'error']({ err: error, name }, 'a round failed');
      }
    }
  };
  const wake = () => {
    isWanted = true;
    if (rounds !== undefined || signal.aborted) return;
    clearTimeout(timer);
    rounds = run().then(() => {
      rounds = undefined;
      if (!signal.aborted) timer = setTimeout(wake, everySeconds * 1000 * (0.9 + Math.random() * 0.2));
    });
  };
  wake();
  return {
    wake,
    async stop() {
      controller.abort();
      clearTimeout(timer);
      await rounds;
    },
  };
}
