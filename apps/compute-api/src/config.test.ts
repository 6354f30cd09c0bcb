import { ConfigurationError, loadConfig } from '@patchpanel/service-kit';
import { expect, it } from 'vitest';
import { settings } from './config.ts';

const load = (env: Record<string, string>) => loadConfig(settings, { program: 'compute-api', argv: [], env });

const enough = {
  PATCHPANEL_DATA_DIR: '/var/lib/compute-api',
  PATCHPANEL_JWKS_FILE: '/etc/jwks.json',
  PATCHPANEL_ISSUER: 'https://issuer.test',
};

it('needs a database, keys and an issuer, and has defaults for the rest', () => {
  expect(load(enough)).toMatchObject({
    listen: { host: '127.0.0.1', port: 8082 },
    southboundListen: { host: '127.0.0.1', port: 8083 },
    dataDir: '/var/lib/compute-api',
    heartbeatSeconds: 5,
    logLevel: 'info',
  });
});

it('takes the environment of a host', () => {
  expect(
    load({
      ...enough,
      PATCHPANEL_LISTEN: '0.0.0.0:0',
      DATABASE_URL: 'postgres://localhost/compute',
      PATCHPANEL_HEARTBEAT_SECONDS: '30',
    }),
  ).toMatchObject({
    listen: { host: '0.0.0.0', port: 0 },
    databaseUrl: 'postgres://localhost/compute',
    heartbeatSeconds: 30,
  });
});

it.each([
  ['neither database nor folder', { PATCHPANEL_DATA_DIR: '' }],
  ['no keys', { PATCHPANEL_JWKS_FILE: '' }],
  ['two sources of keys', { PATCHPANEL_JWKS_URL: 'https://issuer.test/jwks' }],
  ['no issuer', { PATCHPANEL_ISSUER: '' }],
  ['a heartbeat that is no number', { PATCHPANEL_HEARTBEAT_SECONDS: 'often' }],
  ['a heartbeat of no length', { PATCHPANEL_HEARTBEAT_SECONDS: '0' }],
])('refuses %s', (_name, env) => {
  expect(() => load({ ...enough, ...env })).toThrow(ConfigurationError);
});
