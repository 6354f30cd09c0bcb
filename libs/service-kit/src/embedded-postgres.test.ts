import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { silentLogger } from './logger.ts';
import { kitMigrations } from './migrations.ts';

const folder = mkdtempSync(join(tmpdir(), 'patchpanel-embedded-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the embedded database', () => {
  it('keeps its data in a folder that serves one process and nobody else', { timeout: 60_000 }, async () => {
    const dataDir = join(folder, 'db');
    const open = () => openDatabase({ dataDir }, { migrations: kitMigrations, logger: silentLogger() });
    const first = await open();
    const before = await first.knex('database_identity').first();
    await expect(open()).rejects.toThrow('is in use');
    await first.close();
    expect(statSync(dataDir).mode & 0o077).toBe(0);
    const leftBehind = join(tmpdir(), 'patchpanel-db-4194305-leftBehind');
    mkdirSync(leftBehind);
    const second = await open();
    expect(existsSync(leftBehind)).toBe(false);
    expect(await second.knex('database_identity').first()).toEqual(before);
    await second.close();
  });
});
