import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isRecord } from './opaque.ts';
import { parseListenAddress } from './server.ts';

/** A configuration that cannot be used, with one line per mistake. */
export class ConfigurationError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'ConfigurationError';
    this.mistakes = mistakes;
  }
}

export interface LoadOptions {
  /** Name of the program, for `--help`. */
  readonly program: string;
  /** Arguments that the program takes beside `--config`, with what they do. */
  readonly flags?: Readonly<Record<string, string>> | undefined;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A `host:port` setting. */
export const listenSetting = z.string().transform((text, context) => {
  try {
    return parseListenAddress(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be host:port, for example 127.0.0.1:8080' });
    return z.NEVER;
  }
});

/**
 * Reads the configuration: environment variables `PATCHPANEL_<SETTING>` (`dataDir` is `PATCHPANEL_DATA_DIR`) over the JSON
 * file of `--config FILE` over the schema's defaults. `.meta({ env: 'NAME' })` gives a setting a second variable. Numbers,
 * booleans, lists and objects are written as JSON in a variable (lists also with commas). Throws `ConfigurationError`.
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  options: LoadOptions,
): z.output<z.ZodObject<Shape>> {
  const argv = options.argv ?? process.argv.slice(2);
  const env = options.env ?? process.env;
  const sources = new Map<string, string>();
  const values: Record<string, unknown> = {};
  const { file, mistakes } = readArguments(argv, Object.keys(options.flags ?? {}));
  if (file !== undefined) {
    for (const [key, value] of Object.entries(readFile(file))) {
      if (!(key in schema.shape)) mistakes.push(`${key} (in ${file}): there is no such setting`);
      values[key] = value;
      sources.set(key, `${key} (in ${file})`);
    }
  }
  for (const key of Object.keys(schema.shape)) {
    const name = variablesOf(schema, key).find((candidate) => (env[candidate] ?? '') !== '');
    const text = name === undefined ? undefined : env[name];
    if (name === undefined || text === undefined) continue;
    values[key] = fromText(kindOf(schema, key), text);
    sources.set(key, name);
  }
  const result = schema.safeParse(values);
  if (result.success && mistakes.length === 0) return result.data;
  const wrong = (result.error?.issues ?? []).map((issue) => {
    const [key, ...rest] = issue.path.map(String);
    const source =
      key === undefined ? options.program : (sources.get(key) ?? variablesOf(schema, key)[0] ?? key);
    const place = rest.length > 0 ? ` at ${rest.join('.')}` : '';
    const isMissing = key !== undefined && !sources.has(key) && issue.code === 'invalid_type';
    return isMissing ? `${source}: must be set` : `${source}${place}: ${issue.message}`;
  });
  throw new ConfigurationError([...mistakes, ...wrong]);
}

/** The configuration of a process's `main`: prints help or the mistakes and exits, or returns it. */
export function loadConfigOrExit<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  options: LoadOptions,
): z.output<z.ZodObject<Shape>> {
  if (
    (options.argv ?? process.argv.slice(2)).some((argument) => argument === '--help' || argument === '-h')
  ) {
    process.stdout.write(describeConfig(schema, options.program, options.flags));
    process.exit(0);
  }
  try {
    return loadConfig(schema, options);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.mistakes.join('\n')}\nTry ${options.program} --help.\n`);
    process.exit(2);
  }
}

/** The text of `--help`, from the schema's descriptions. */
export function describeConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  program: string,
  flags: Readonly<Record<string, string>> = {},
): string {
  const described = Object.keys(schema.shape).map((key) => {
    const property = describe(schema, key);
    const facts = [kindOf(schema, key)];
    if (property['default'] !== undefined) facts.push(`default ${JSON.stringify(property['default'])}`);
    const text = typeof property['description'] === 'string' ? property['description'] : '';
    return `  ${variablesOf(schema, key).join(' or ')}  (in the file: ${key}; ${facts.join(', ')})\n      ${text}\n`;
  });
  const usage = ['--config FILE', ...Object.keys(flags)].map((argument) => ` [${argument}]`).join('');
  const explained = Object.entries(flags).map(([flag, text]) => `  ${flag}\n      ${text}\n`);
  const options = explained.length === 0 ? '' : `${explained.join('')}\n`;
  return `Usage: ${program}${usage}\n\n${options}Settings are environment variables, over those of the JSON file:\n\n${described.join('')}`;
}

function readArguments(
  argv: readonly string[],
  flags: readonly string[],
): { file: string | undefined; mistakes: string[] } {
  const mistakes: string[] = [];
  let file: string | undefined;
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? '';
    if (argument === '--config') file = argv[++index] ?? '';
    else if (argument.startsWith('--config=')) file = argument.slice('--config='.length);
    else if (!flags.includes(argument)) mistakes.push(`${argument}: there is no such option`);
  }
  if (file === '') mistakes.push('--config: name a file');
  return { file: file === '' ? undefined : file, mistakes };
}

function readFile(file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isRecord(value)) return value;
  } catch (error) {
    throw new ConfigurationError([
      `--config ${file}: ${error instanceof Error ? error.message : 'cannot be read'}`,
    ]);
  }
  throw new ConfigurationError([`--config ${file}: must hold a JSON object`]);
}

function variablesOf(schema: z.ZodObject, key: string): string[] {
  const own = `PATCHPANEL_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  const other = describe(schema, key)['env'];
  return typeof other === 'string' ? [own, other] : [own];
}

function kindOf(schema: z.ZodObject, key: string): string {
  const { type } = describe(schema, key);
  return typeof type === 'string' ? type : 'string';
}

/** The setting as JSON schema, where zod keeps description, default and meta data together. */
function describe(schema: z.ZodObject, key: string): Record<string, unknown> {
  const json: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' })
    .properties?.[key];
  return isRecord(json) ? json : {};
}

function fromText(kind: string, text: string): unknown {
  if (kind === 'string') return text;
  if (kind === 'array' && !text.trimStart().startsWith('['))
    return text.split(',').map((item) => item.trim());
  try {
    return JSON.parse(text);
  } catch (error) {
    // Left as text: the schema's own message is clearer than the parser's.
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
