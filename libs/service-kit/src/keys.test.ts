import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tokenAuthenticator } from './auth.ts';
import { mintTokens } from './testing/tokens.ts';

const folder = mkdtempSync(join(tmpdir(), 'patchpanel-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('keys in a file', () => {
  it('are read again when the file changes, and their absence is our failure, not the token’s', async () => {
    const jwksFile = join(folder, 'jwks.json');
    const [first, second] = [await mintTokens(), await mintTokens()];
    const { authenticate } = tokenAuthenticator({
      keys: { jwksFile },
      issuer: first.issuer,
      audience: 'network',
    });
    const user = { projectId: '019A0000-0000-7000-8000-00000000AAAA', audience: 'network' };
    const header = async (issuer: typeof first) => `Bearer ${await issuer.userToken(user)}`;
    await expect(authenticate(await header(first))).rejects.toMatchObject({ status: 503 });
    writeFileSync(jwksFile, 'half of');
    await expect(authenticate(await header(first))).rejects.toMatchObject({ status: 503 });
    writeFileSync(jwksFile, JSON.stringify(first.jwks));
    await expect(authenticate(await header(first))).resolves.toMatchObject({
      kind: 'user',
      projectId: user.projectId.toLowerCase(),
      roles: ['member'],
    });
    await expect(authenticate(await header(second))).rejects.toMatchObject({ status: 401 });
    writeFileSync(`${jwksFile}.new`, JSON.stringify(second.jwks));
    renameSync(`${jwksFile}.new`, jwksFile);
    await expect(authenticate(await header(second))).resolves.toMatchObject({ kind: 'user' });
  });
});
