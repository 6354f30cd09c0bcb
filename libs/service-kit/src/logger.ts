import pino, { type Logger } from 'pino';

export type { Logger };

/**
 * The process's log: JSON lines on standard output. Tokens and cookies never reach it. Lines gather for a tenth of a second or
 * 8 KiB, so a busy process makes no system call per line; the end of the process writes what is left. When nobody reads them,
 * lines beyond 16 MiB are dropped.
 */
export function createLogger(options: { name: string; level?: string }): Logger {
  return pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      redact: [
        '*.authorization',
        'authorization',
        'headers.authorization',
        'headers.cookie',
        '*.headers.authorization',
      ],
    },
    pino.destination({
      dest: 1,
      sync: false,
      minLength: 8 * 1024,
      maxLength: 16 * 1024 * 1024,
      periodicFlush: 100,
    }),
  );
}

/** A logger that says nothing, for tests. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
