import { loadConfig } from '@patchpanel/service-kit';
import { describe, expect, it } from 'vitest';
import { configSchema, quotaDefaultsOf } from './config.ts';

const complete = {
  PATCHPANEL_DATA_DIR: '/var/lib/network-api',
  PATCHPANEL_JWKS_FILE: '/etc/jwks.json',
  PATCHPANEL_ISSUER: 'https://issuer.test',
  PATCHPANEL_PROVIDERS: '@patchpanel/provider-flat,/opt/other.js',
};
const load = (env: Record<string, string>) =>
  loadConfig(configSchema, { program: 'network-api', argv: [], env });

describe('the configuration', () => {
  it('needs little, and has defaults for the rest', () => {
    expect(load(complete)).toMatchObject({
      listen: { host: '127.0.0.1', port: 8080 },
      southboundListen: { host: '127.0.0.1', port: 8081 },
      dataDir: '/var/lib/network-api',
      providers: ['@patchpanel/provider-flat', '/opt/other.js'],
      addressRestSeconds: 60,
      agentSilenceSeconds: 60,
      agentHeartbeatSeconds: 15,
      logLevel: 'info',
    });
  });

  it('has a default for each quota, and takes others', () => {
    expect(quotaDefaultsOf(load(complete))).toEqual({
      networks: 100,
      subnets: 200,
      ports: 10_000,
      securityGroups: 100,
      securityGroupRules: 2_000,
    });
    const others = { PATCHPANEL_QUOTA_PORTS: '0', PATCHPANEL_QUOTA_SECURITY_GROUP_RULES: '7' };
    expect(quotaDefaultsOf(load({ ...complete, ...others }))).toMatchObject({
      ports: 0,
      securityGroupRules: 7,
    });
  });

  it('takes PostgreSQL from DATABASE_URL instead of a folder', () => {
    const { PATCHPANEL_DATA_DIR: _, ...rest } = complete;
    expect(load({ ...rest, DATABASE_URL: 'postgres://db/network' }).databaseUrl).toBe(
      'postgres://db/network',
    );
    expect(() => load(rest)).toThrow(/DATABASE_URL/);
  });

  it.each([
    ['PATCHPANEL_LISTEN', 'nonsense'],
    ['PATCHPANEL_ADDRESS_REST_SECONDS', '-1'],
    ['PATCHPANEL_PROVIDERS', '[]'],
    ['PATCHPANEL_QUOTA_NETWORKS', '-1'],
    ['PATCHPANEL_QUOTA_SUBNETS', '1.5'],
    ['PATCHPANEL_LOG_LEVEL', 'loud'],
    ['PATCHPANEL_JWKS_URL', 'https://issuer.test/jwks'],
  ])('with %s=%s is refused, naming the setting', (name, value) => {
    expect(() => load({ ...complete, [name]: value })).toThrow(/PATCHPANEL_/);
  });
});
