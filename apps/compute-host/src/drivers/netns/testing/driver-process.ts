import { createInterface } from 'node:readline';
import { openNetnsDriver } from '../netns-driver.ts';
import { DriverError } from '../../driver-error.ts';

/**
 * The netns driver as a process of its own, so that tests can run it as an unprivileged user and kill it: one request per line
 * of standard input, `{id, verb, parameters}`, and one answer per line of standard output, `{id, result}` or `{id, error}`.
 */
const stateDir = process.argv[2];
if (stateDir === undefined) throw new Error('usage: driver-process STATE_DIR');
const driver = await openNetnsDriver({
  stateDir,
  warn: (message, facts) => answer({ warning: message, facts }),
});
answer({ opened: process.pid });

for await (const line of createInterface({ input: process.stdin })) {
  const { id, verb, parameters } = JSON.parse(line);
  void serve(verb, parameters).then(
    (result) => answer({ id, result }),
    (cause: unknown) => {
      const code = cause instanceof DriverError ? cause.code : 'unexpected';
      answer({ id, error: { code, message: cause instanceof Error ? cause.message : String(cause) } });
    },
  );
}
await driver.close();

function serve(verb: string, parameters: readonly never[]): Promise<unknown> {
  switch (verb) {
    case 'probe':
    case 'list':
    case 'inspect':
    case 'prepare':
    case 'start':
    case 'stop':
    case 'destroy': {
      const method: (...parameters: readonly never[]) => Promise<unknown> = driver[verb].bind(driver);
      return method(...parameters);
    }
    default:
      throw new Error(`no such verb: ${verb}`);
  }
}

function answer(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
