import pino, { type Logger } from 'pino';

export type { Logger };

/** The process's log: JSON lines on standard output. Tokens and cookies never reach it. */
export function createLogger(options: { name: string; level?: string }): Logger {
  return pino({
    name: options.name,
    level: options.level ?? 'info',
    redact: [
      '*.authorization',
      'authorization',
      'headers.authorization',
      'headers.cookie',
      '*.headers.authorization',
    ],
  });
}

/** A logger that says nothing, for tests. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
