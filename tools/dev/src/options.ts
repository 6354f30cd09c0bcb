import { parseArgs } from 'node:util';

/** What `npm start` was asked for. */
export interface Options {
  /** Walk the four steps, prove them, remove everything and end. */
  readonly once: boolean;
  readonly simulated: boolean;
  readonly dataDir: string | undefined;
  readonly portBase: number | undefined;
  readonly help: boolean;
}

export const usage = `Usage: npm start -- [options]

Starts both services, an agent and a host, walks the four steps, proves them, and stays up until Ctrl-C.

  --once            do the same, remove everything, and exit 0 only when every proof held
  --data-dir DIR    keep state in DIR/patchpanel; each folder is a Patchpanel of its own
  --port-base N     listen on N+1 and N+2 (network), N+101 and N+102 (compute); 7300 unless taken
  --simulated       no kernel networking, even where there could be
  --help            this text
`;

/** An option that can't be used, for the one who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads the command line. Throws a {@link UsageError} that names the mistake. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parse(args);
  return {
    once: values.once ?? false,
    simulated: values.simulated ?? false,
    dataDir: values['data-dir'],
    portBase: values['port-base'] === undefined ? undefined : readPortBase(values['port-base']),
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        once: { type: 'boolean' },
        simulated: { type: 'boolean' },
        'data-dir': { type: 'string' },
        'port-base': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readPortBase(text: string): number {
  const base = Number(text);
  if (!Number.isInteger(base) || base < 0 || base > 65_433) {
    throw new UsageError(`--port-base ${text}: give a whole number from 0 to 65433`);
  }
  return base;
}
