import { parseArgs } from 'node:util';

/** What `npm run bench` was asked for. */
export interface Options {
  readonly subject: string;
  readonly help: boolean;
  /** The parts to run. */
  readonly parts: readonly string[];
  readonly clients: readonly number[];
  /** How long each row is measured. */
  readonly seconds: number;
  readonly quick: boolean;
  readonly jsonFile: string | undefined;
  readonly cpu: boolean;
  readonly profileFolder: string | undefined;
  /** Options of Node for what is measured. */
  readonly nodeOptions: readonly string[];
}

/** What can be measured, and what each consists of. */
export interface SubjectSummary {
  readonly name: string;
  readonly summary: string;
  /** Names for `--only`. */
  readonly parts: readonly string[];
  /** Names for several parts together. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Parts that take too long for `--quick`, unless they are asked for by name. */
  readonly notQuick: readonly string[];
}

/** An option that can't be used, for the one who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** As the services' READMEs start them. */
const usualNodeOptions = '--max-old-space-size=256 --max-semi-space-size=8';
const mostClients = 256;
const mostSeconds = 600;

/** The text of `--help`. */
export function usage(subjects: readonly SubjectSummary[]): string {
  const described = subjects.map(
    ({ name, summary, parts, groups }) =>
      `  ${name}: ${summary}\n${wrapped([...parts, ...Object.entries(groups).map(describeGroup)], 100, '      ')}`,
  );
  return `Usage: npm run bench -- SUBJECT [options]

Starts what is measured by itself, prints a table, and removes everything again.

Subjects, with their parts:
${described.join('\n')}

  --only PART[,PART…]   only these parts
  --clients N[,N…]      numbers of clients; 1,8,32 unless given
  --seconds N           how long each row is measured; 5 unless given
  --quick               under a minute: shorter rows, and the parts that take long are left out
  --json FILE           also write the table to FILE as {"results": […]}
  --cpu                 also show how many processors each process kept busy
  --profile FOLDER      leave a processor profile of each service there
  --node-options TEXT   options of Node for the services;
                        ${usualNodeOptions} unless given
  --help                this text
`;
}

/** Reads the command line. Throws a {@link UsageError} that names the mistake. */
export function readOptions(args: readonly string[], subjects: readonly SubjectSummary[]): Options {
  const { values, positionals } = parse(args);
  const quick = values.quick ?? false;
  const help = values.help ?? false;
  const options = {
    help,
    clients: (values.clients ?? '1,8,32')
      .split(',')
      .map((text) => readNumber('--clients', text, mostClients)),
    seconds: values.seconds === undefined ? (quick ? 0.6 : 5) : readSeconds(values.seconds),
    quick,
    jsonFile: values.json,
    cpu: values.cpu ?? false,
    profileFolder: values.profile,
    nodeOptions: (values['node-options'] ?? usualNodeOptions).split(' ').filter(Boolean),
  };
  const [name, ...more] = positionals;
  if (help) return { ...options, subject: name ?? '', parts: [] };
  const subject = subjects.find((candidate) => candidate.name === name);
  if (!subject || more.length > 0)
    throw new UsageError(`name one subject of ${subjects.map((each) => each.name).join(', ')}`);
  return { ...options, subject: subject.name, parts: readParts(values.only, subject, quick) };
}

function readParts(only: readonly string[] | undefined, subject: SubjectSummary, quick: boolean): string[] {
  const { name, parts, groups, notQuick } = subject;
  if (only === undefined) return parts.filter((part) => !quick || !notQuick.includes(part));
  const asked = only.flatMap((list) => list.split(','));
  const unknown = asked.filter((part) => !parts.includes(part) && !Object.hasOwn(groups, part));
  if (unknown.length > 0)
    throw new UsageError(
      `--only ${unknown.join(',')}: ${name} has ${[...parts, ...Object.keys(groups)].join(', ')}`,
    );
  return asked.flatMap((part) => (parts.includes(part) ? [part] : (groups[part] ?? [])));
}

function describeGroup([name, parts]: readonly [string, readonly string[]]): string {
  return `${name} (${parts.join(', ')})`;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: true,
      options: {
        only: { type: 'string', multiple: true },
        clients: { type: 'string' },
        seconds: { type: 'string' },
        quick: { type: 'boolean' },
        json: { type: 'string' },
        cpu: { type: 'boolean' },
        profile: { type: 'string' },
        'node-options': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new UsageError(`${option} ${text}: give whole numbers from 1 to ${most}`);
  return value;
}

function readSeconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value <= mostSeconds))
    throw new UsageError(`--seconds ${text}: give a number above 0, ${mostSeconds} at most`);
  return value;
}

function wrapped(words: readonly string[], width: number, indent: string): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && indent.length + last.length + word.length + 2 <= width)
      lines[lines.length - 1] = `${last}, ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => `${indent}${line}`).join('\n');
}
