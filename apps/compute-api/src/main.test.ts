import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const main = fileURLToPath(new URL('main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'patchpanel-compute-api-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const env = {
  PATH: process.env['PATH'],
  PATCHPANEL_DATA_DIR: folder,
  PATCHPANEL_JWKS_FILE: join(folder, 'jwks.json'),
  PATCHPANEL_ISSUER: 'https://issuer.test',
};

/** What a run of the program says; rejects unless it ends with 0. */
const say = async (...args: string[]) => (await run(process.execPath, [main, ...args], { env })).stdout;

describe('the program', () => {
  it('migrates its database when told to, says what that took and ends', { timeout: 120_000 }, async () => {
    expect(await say('--migrate')).toMatch(/^Applied kit-001-extensions, .*\.$/m);
    expect(await say('--migrate')).toContain('The schema was up to date.\n');
  });

  it(
    'raises the epoch of its database when told to, says the new one and ends',
    { timeout: 120_000 },
    async () => {
      expect(await say('--raise-epoch')).toContain('The epoch is now 2.\n');
      expect(await say('--raise-epoch')).toContain('The epoch is now 3.\n');
    },
  );

  it('explains that in its help, and takes no argument that it does not know', async () => {
    const help = await say('--help');
    for (const flag of ['--migrate', '--raise-epoch']) expect(help).toContain(flag);
    await expect(say('--raise-epochs')).rejects.toMatchObject({ code: 2 });
  });
});
