import { beforeAll, describe, expect, it } from 'vitest';
import type { Authenticator } from './auth.ts';
import { mintTokens, type TestIssuer } from './testing/tokens.ts';

const project = '019a0000-0000-7000-8000-00000000aaaa';

let issuer: TestIssuer;
let authenticator: Authenticator;
beforeAll(async () => {
  issuer = await mintTokens();
  authenticator = issuer.authenticator('network');
});

const callerOf = async (claims: Record<string, unknown>) =>
  authenticator.authenticate(`Bearer ${await issuer.token({ sub: 'x', aud: 'network', ...claims })}`);

describe('the claims of a token', () => {
  it.each(['openid profile email', '', 'openid', 'network:agents'])(
    'make a user of one with a project and the scope "%s"',
    async (scope) => {
      expect(await callerOf({ project, roles: ['member'], scope })).toMatchObject({
        kind: 'user',
        projectId: project,
      });
    },
  );

  it.each(['network:agent', 'openid network:agent', ' network:agent  network:agent '])(
    'make a service of one with the scope "%s"',
    async (scope) => {
      expect(await callerOf({ scope, host: 'host-1' })).toEqual({
        kind: 'service',
        subject: 'x',
        scope: 'network:agent',
        host: 'host-1',
      });
    },
  );

  it.each([
    ['both scopes', { scope: 'network:agent compute:host', host: 'host-1' }, 'more than one'],
    ['a project and a scope of ours', { project, scope: 'openid compute:host', host: 'host-1' }, 'project'],
    ['neither a project nor a scope of ours', { scope: 'openid' }, 'no project'],
    ['a scope that is no text', { scope: ['network:agent'], host: 'host-1' }, 'no project'],
    ['no host', { scope: 'network:agent' }, 'no host'],
  ])('are refused with %s, and the answer says why', async (_what, claims, detail) => {
    await expect(callerOf(claims)).rejects.toMatchObject({
      code: 'unauthenticated',
      status: 401,
      detail: expect.stringContaining(detail),
    });
  });

  it.each(['Host_1 bad', 'a'.repeat(300), 'a'.repeat(64), 'a\u0000b', 'UPPER', '-a', 'a-', '', ' ', 7])(
    'are refused with the host %j, which is no host name',
    async (host) => {
      await expect(callerOf({ scope: 'network:agent', host })).rejects.toMatchObject({
        code: 'unauthenticated',
        detail: expect.stringContaining('host'),
      });
    },
  );

  it.each(['a', 'host-1.rack-2.example', 'a'.repeat(63)])('name the host %s', async (host) => {
    expect(await callerOf({ scope: 'compute:host', host })).toMatchObject({ host });
  });
});
