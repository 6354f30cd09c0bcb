/**
 * `generate`: bundle the documents and generate all code. `check`: say where documents, bundles and generated code have
 * drifted apart, by hashes, without Java. `verify`: generate for real into a scratch folder and compare.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asText, bundleApi } from './bundle.ts';
import { generateCode, hasJava } from './code.ts';
import { currentRecord, differences, recordPath, type GenerationRecord } from './drift.ts';
import { lintApis } from './lint.ts';
import { apis, bundlePath, root } from './targets.ts';

const remedy = 'Run `npm run generate` and commit what it makes; never edit generated code by hand.';

async function writeBundles(): Promise<void> {
  await mkdir(join(root, 'openapi/dist'), { recursive: true });
  for (const api of apis) await writeFile(join(root, bundlePath(api)), asText(await bundleApi(api)));
}

async function generate(): Promise<string[]> {
  if (!(await hasJava())) {
    return ['openapi-generator needs a Java runtime (11 or later), and there is none on this machine.'];
  }
  console.log('Bundling the documents …');
  await writeBundles();
  console.log('Generating clients and wire types …');
  await generateCode(root);
  await writeFile(join(root, recordPath), `${JSON.stringify(await currentRecord(), null, 2)}\n`);
  console.log('Done.');
  return [];
}

async function staleBundles(): Promise<string[]> {
  const stale = await Promise.all(
    apis.map(async (api) => {
      const committed = await readFile(join(root, bundlePath(api)), 'utf8').catch(() => '');
      return committed === asText(await bundleApi(api))
        ? []
        : [`${bundlePath(api)} is not the bundle of openapi/${api}`];
    }),
  );
  return stale.flat();
}

async function check(): Promise<string[]> {
  const recorded = JSON.parse(await readFile(join(root, recordPath), 'utf8')) as GenerationRecord;
  const drift = [...(await staleBundles()), ...differences(recorded, await currentRecord())];
  return [...(await lintApis()), ...drift, ...(drift.length > 0 ? [remedy] : [])];
}

async function verify(): Promise<string[]> {
  if (!(await hasJava())) {
    const message = 'Regeneration is skipped: there is no Java runtime on this machine.';
    if (process.env['CI']) return [message];
    console.log(message);
    return [];
  }
  const scratch = await mkdtemp(join(tmpdir(), 'patchpanel-verify-'));
  try {
    await generateCode(scratch);
    const drift = [
      ...(await staleBundles()),
      ...differences(await currentRecord(scratch), await currentRecord()),
    ];
    return drift.length > 0 ? [...drift, remedy] : [];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const commands: Record<string, () => Promise<string[]>> = { generate, check, verify };
const name = process.argv[2] ?? 'generate';
const command = commands[name];
if (command === undefined) {
  console.error(`There is no command ${name}. Commands: ${Object.keys(commands).join(', ')}.`);
  process.exit(2);
}
const failures = await command();
for (const failure of failures) console.error(failure);
process.exitCode = failures.length > 0 ? 1 : 0;
