import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigurationError, describeConfig, listenSetting, loadConfig } from './config.ts';

const schema = z.object({
  listen: listenSetting.default({ host: '127.0.0.1', port: 8080 }).describe('Where the public API listens.'),
  databaseUrl: z.string().optional().meta({ env: 'DATABASE_URL', description: 'PostgreSQL to use.' }),
  dataDir: z.string().describe('Folder for data.'),
  poolSize: z.number().int().min(1).default(10).describe('Connections.'),
  isNoisy: z.boolean().default(false).describe('Says more.'),
  providers: z.array(z.string()).default([]).describe('Modules.'),
});

const folder = mkdtempSync(join(tmpdir(), 'patchpanel-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string): string[] {
  const path = join(folder, `${Math.random()}.json`);
  writeFileSync(path, content);
  return ['--config', path];
}

function mistakes(env: Record<string, string>, argv: string[] = []): readonly string[] {
  try {
    loadConfig(schema, { program: 'api', env, argv });
  } catch (error) {
    if (error instanceof ConfigurationError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('is the environment over the file over the defaults', () => {
    const env = {
      PATCHPANEL_DATA_DIR: '/env',
      PATCHPANEL_POOL_SIZE: '3',
      PATCHPANEL_IS_NOISY: 'true',
      PATCHPANEL_PROVIDERS: 'a, b',
      DATABASE_URL: 'postgres://x',
    };
    const argv = file('{"dataDir": "/file", "listen": "[::1]:0", "isNoisy": false}');
    expect(loadConfig(schema, { program: 'api', env, argv })).toEqual({
      listen: { host: '::1', port: 0 },
      databaseUrl: 'postgres://x',
      dataDir: '/env',
      poolSize: 3,
      isNoisy: true,
      providers: ['a', 'b'],
    });
  });

  it('names each mistake once, by where it was made', () => {
    expect(mistakes({ PATCHPANEL_POOL_SIZE: 'many', PATCHPANEL_LISTEN: 'nowhere' })).toEqual([
      'PATCHPANEL_LISTEN: must be host:port, for example 127.0.0.1:8080',
      'PATCHPANEL_DATA_DIR: must be set',
      expect.stringMatching(/^PATCHPANEL_POOL_SIZE: .*number/),
    ]);
    expect(mistakes({}, file('{"dataDir": 5}'))).toEqual([
      expect.stringMatching(/^dataDir \(in .*\): .*string/),
    ]);
    expect(mistakes({}, file('{"datadir": "x"}'))[0]).toContain('there is no such setting');
    expect(mistakes({}, file('{'))[0]).toContain('--config');
    expect(mistakes({ PATCHPANEL_DATA_DIR: '/env' }, ['--verbose'])).toEqual([
      '--verbose: there is no such option',
    ]);
  });

  it('tells of all mistakes at once, wherever they were made', () => {
    const argv = ['--verbose', ...file('{"dataDri": "x", "datadir": "y", "isNoisy": 1}'), '--quiet'];
    expect(mistakes({ PATCHPANEL_POOL_SIZE: '0' }, argv)).toEqual([
      '--verbose: there is no such option',
      '--quiet: there is no such option',
      expect.stringMatching(/^dataDri \(in .*\): there is no such setting/),
      expect.stringMatching(/^datadir \(in .*\): there is no such setting/),
      'PATCHPANEL_DATA_DIR: must be set',
      expect.stringMatching(/^PATCHPANEL_POOL_SIZE: /),
      expect.stringMatching(/^isNoisy \(in .*\): /),
    ]);
    expect(mistakes({}, ['--config'])).toEqual(['--config: name a file', 'PATCHPANEL_DATA_DIR: must be set']);
  });

  it('is explained by --help from the descriptions', () => {
    const help = describeConfig(schema, 'api');
    expect(help).toContain('PATCHPANEL_DATABASE_URL or DATABASE_URL');
    expect(help).toContain('Folder for data.');
    expect(help).toContain('default 10');
    expect(help).toContain('Usage: api [--config FILE]\n');
  });

  it('lets arguments of the program itself pass, and explains them', () => {
    const flags = { '--once': 'Ends after one round.' };
    const env = { PATCHPANEL_DATA_DIR: '/env' };
    expect(loadConfig(schema, { program: 'api', env, argv: ['--once'], flags }).dataDir).toBe('/env');
    expect(() => loadConfig(schema, { program: 'api', env, argv: ['--twice'], flags })).toThrow('--twice');
    const help = describeConfig(schema, 'api', flags);
    expect(help).toContain('Usage: api [--config FILE] [--once]\n');
    expect(help).toContain('Ends after one round.');
  });
});
