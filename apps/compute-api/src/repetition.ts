import { isDatabaseUnavailable, type Logger } from '@patchpanel/service-kit';

/** Work that is done again and again until it is stopped. */
export interface Repetition {
  /** Has it done now; when it is being done already, once more after that. */
  readonly wake: () => void;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

export interface RepetitionOptions {
  readonly name: string;
  /** Pause between two rounds, in seconds; a tenth more or less, so that replicas fall out of step. */
  readonly everySeconds: number;
  readonly logger: Logger;
  readonly work: (signal: AbortSignal) => Promise<void>;
}

/** Starts a repetition. Work that fails is logged and done again in the next round: it must find by itself what is left to do. */
export function repeat({ name, everySeconds, logger, work }: RepetitionOptions): Repetition {
  const controller = new AbortController();
  let round: Promise<void> | undefined;
  let isWanted = false;
  let timer: NodeJS.Timeout | undefined;
  const run = async () => {
    while (isWanted && !controller.signal.aborted) {
      isWanted = false;
      try {
        await work(controller.signal);
      } catch (error) {
        logger[isDatabaseUnavailable(error) ? 'warn' : 'error']({ err: error, name }, 'a round failed');
      }
    }
  };
  const wake = () => {
    isWanted = true;
    if (controller.signal.aborted) return;
    clearTimeout(timer);
    round ??= run().finally(() => {
      round = undefined;
      if (!controller.signal.aborted)
        timer = setTimeout(wake, everySeconds * 1000 * (0.9 + Math.random() * 0.2));
    });
  };
  wake();
  return {
    wake,
    async stop() {
      controller.abort();
      clearTimeout(timer);
      await round;
    },
  };
}
