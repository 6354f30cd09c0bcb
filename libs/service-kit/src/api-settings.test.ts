import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { apiSettings, checkApiSettings, databaseLocationOf, keySourceOf } from './api-settings.ts';
import { loadConfig } from './config.ts';

const schema = z
  .object(
    apiSettings({
      listen: '127.0.0.1:1',
      southboundListen: '127.0.0.1:2',
      southboundCallers: 'agents',
    }),
  )
  .check(checkApiSettings);
const load = (env: Record<string, string>) => loadConfig(schema, { program: 'api', argv: [], env });
const enough = {
  PATCHPANEL_DATA_DIR: '/var/lib/api',
  PATCHPANEL_JWKS_FILE: '/etc/jwks.json',
  PATCHPANEL_ISSUER: 'https://issuer.test',
};

describe('the settings of an API service', () => {
  it('say where it listens, where its database is and who issues its tokens', () => {
    const config = load(enough);
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 1 },
      southboundListen: { host: '127.0.0.1', port: 2 },
      logLevel: 'info',
    });
    expect(databaseLocationOf(config)).toEqual({ dataDir: '/var/lib/api/db' });
    expect(keySourceOf(config)).toEqual({ jwksFile: '/etc/jwks.json' });
  });

  it('prefer a PostgreSQL to a folder', () => {
    const config = load({ ...enough, DATABASE_URL: 'postgres://db/api' });
    expect(databaseLocationOf(config)).toEqual({ databaseUrl: 'postgres://db/api', poolSize: 10 });
  });

  it.each([
    ['no database', { PATCHPANEL_DATA_DIR: '' }, /DATABASE_URL/],
    ['no keys', { PATCHPANEL_JWKS_FILE: '' }, /JWKS_FILE/],
    ['two sources of keys', { PATCHPANEL_JWKS_URL: 'https://issuer.test/jwks' }, /JWKS_FILE.*not both/],
    ['no issuer', { PATCHPANEL_ISSUER: '' }, /ISSUER/],
    ['an unknown log level', { PATCHPANEL_LOG_LEVEL: 'loud' }, /LOG_LEVEL/],
  ])('are refused with %s', (_what, env, mistake) => {
    expect(() => load({ ...enough, ...env })).toThrow(mistake);
  });
});
