import type { Logger } from './logger.ts';

/** The life of a process, from its start to a graceful end on SIGTERM or SIGINT. */
export interface Lifetime {
  /** Aborted when the process is told to stop: hand it to `createApiApp` and to every loop. */
  readonly stopping: AbortSignal;
  /** Registers a step of the end; steps run one after another, the last registered first. */
  onStop(name: string, step: () => Promise<void> | void): void;
  /** Stops as if told by a signal. */
  stop(): Promise<void>;
}

/**
 * Handles signals, and lets what nobody caught crash the process loudly. On the first signal the steps run; the process
 * exits with 0 when they are done, with 1 when one fails or the deadline (5 s) passes.
 */
export function createLifetime(logger: Logger, options: { deadlineMs?: number } = {}): Lifetime {
  const controller = new AbortController();
  const steps: { name: string; step: () => Promise<void> | void }[] = [];
  let ending: Promise<void> | undefined;
  const stop = () => (ending ??= runSteps());
  const runSteps = async () => {
    logger.info('stopping');
    setTimeout(() => exit(logger, 1, 'stopping took too long'), options.deadlineMs ?? 5_000).unref();
    controller.abort();
    let isClean = true;
    for (const { name, step } of steps.toReversed()) {
      try {
        await step();
      } catch (error) {
        isClean = false;
        logger.error({ err: error, step: name }, 'stopping failed');
      }
    }
    exit(logger, isClean ? 0 : 1, 'stopped');
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, event);
      process.exit(1);
    });
  }
  return { stopping: controller.signal, onStop: (name, step) => void steps.push({ name, step }), stop };
}

function exit(logger: Logger, code: number, message: string): void {
  logger.info(message);
  process.exit(code);
}
