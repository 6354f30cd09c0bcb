import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readProblemCodes } from './bundle.ts';
import { withoutParameterProperties } from './erasable.ts';
import { isObject, problemCodesOf, type Json, type JsonObject } from './standard-problems.ts';
import { bundlePath, root, targets, type Target } from './targets.ts';

const run = promisify(execFile);

/** Options of the `typescript-fetch` generator, the same for types and clients. */
const options = {
  // Payloads are passed on as they are: unknown fields of newer servers survive, times stay RFC 3339 strings.
  withoutRuntimeChecks: true,
  modelPropertyNaming: 'original',
  enumPropertyNaming: 'original',
  stringEnums: false,
  importFileExtension: '.ts',
  supportsES6: true,
  disallowAdditionalPropertiesIfNotPresent: false,
};

/** Whether a Java runtime is there; the generator needs version 11 or later. */
export async function hasJava(): Promise<boolean> {
  return run('java', ['-version']).then(
    () => true,
    () => false,
  );
}

/** The pinned version of openapi-generator. */
export async function generatorVersion(): Promise<string> {
  const settings = JSON.parse(await readFile(join(root, 'openapitools.json'), 'utf8')) as Json;
  const cli = isObject(settings) ? settings['generator-cli'] : undefined;
  const version = isObject(cli) ? cli['version'] : undefined;
  if (typeof version !== 'string') throw new Error('openapitools.json names no generator version');
  return version;
}

/**
 * Generates all targets from the bundled documents into `destination`, which mirrors the repository's folders.
 *
 * @param destination the repository's root, or a scratch folder to compare with it.
 */
export async function generateCode(destination: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'patchpanel-generate-'));
  try {
    const configurations = await Promise.all(targets.map((target) => configure(target, scratch)));
    await runGenerator(['batch', '--fail-fast', '--threads', '2', ...configurations]);
    for (const target of targets) await place(target, scratch, destination);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Runs openapi-generator, which fetches its jar on first use. */
async function runGenerator(words: readonly string[]): Promise<void> {
  const program = join(root, 'node_modules/@openapitools/openapi-generator-cli/main.js');
  try {
    await run(process.execPath, [program, ...words], { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const printed = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    // It prints its own minified source and whole objects with a failure: the lines that name one are enough.
    const reasons = printed
      .split('\n')
      .filter((line) => line.length < 300 && /error|exception|^\s+- /i.test(line));
    throw new Error(`openapi-generator failed:\n${reasons.slice(0, 10).join('\n')}`);
  }
}

const scratchName = (target: Target): string => target.folder.replaceAll('/', '_');

async function configure(target: Target, scratch: string): Promise<string> {
  const path = join(scratch, `${scratchName(target)}.json`);
  const configuration = {
    generatorName: 'typescript-fetch',
    inputSpec: join(root, bundlePath(target.api)),
    outputDir: join(scratch, scratchName(target)),
    additionalProperties: options,
    typeMappings: { DateTime: 'string' },
    globalProperties:
      target.kind === 'types'
        ? { models: '', modelDocs: 'false', modelTests: 'false', supportingFiles: 'index.ts' }
        : { apiDocs: 'false', modelDocs: 'false', apiTests: 'false', modelTests: 'false' },
  };
  await writeFile(path, JSON.stringify(configuration));
  return path;
}

/** Moves what the generator made to its place and adds the table of problem codes. */
async function place(target: Target, scratch: string, destination: string): Promise<void> {
  const source = join(scratch, scratchName(target));
  const folder = join(destination, target.folder);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const from = join(entry.parentPath, entry.name);
    const to = join(folder, from.slice(source.length + 1));
    await mkdir(join(to, '..'), { recursive: true });
    await writeFile(to, tidy(await readFile(from, 'utf8'), entry.name));
  }
  await writeFile(join(folder, 'problem-codes.ts'), await problemCodesModule(target));
  const index = target.kind === 'types' ? ["export * from './models/index.ts';"] : await clientIndex(folder);
  await writeFile(
    join(folder, 'index.ts'),
    [banner(target), ...index, "export * from './problem-codes.ts';", ''].join('\n'),
  );
}

async function clientIndex(folder: string): Promise<string[]> {
  const index = await readFile(join(folder, 'index.ts'), 'utf8');
  return index.split('\n').filter((line) => line.startsWith('export '));
}

const banner = (target: Target): string =>
  `// Generated from ${bundlePath(target.api)} by \`npm run generate\`. Do not edit.`;

async function problemCodesModule(target: Target): Promise<string> {
  const document = JSON.parse(await readFile(join(root, bundlePath(target.api)), 'utf8')) as JsonObject;
  const entries = problemCodesOf(document, await readProblemCodes()).map(
    ([code, { status, title }]) => `  '${code}': { status: ${status}, title: ${JSON.stringify(title)} },`,
  );
  return [
    banner(target),
    '',
    '/** Every problem that this API can give: its HTTP status and title. */',
    'export const problemCodes = {',
    ...entries,
    '} as const;',
    '',
  ].join('\n');
}

/**
 * The generator leaves blanks at line ends. Its `runtime.ts` is not written for `exactOptionalPropertyTypes` and names
 * browser types, so the compiler takes its declarations and does not check its insides. Its classes are made to run in
 * Node as they are.
 */
function tidy(text: string, name: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '/* tslint:disable */' && line !== '/* eslint-disable */');
  const tidied = `${lines.join('\n').trimEnd()}\n`;
  return name === 'runtime.ts' ? `// @ts-nocheck\n${withoutParameterProperties(tidied)}` : tidied;
}
