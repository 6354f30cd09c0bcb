import { exportJWK, generateKeyPair, SignJWT, type JSONWebKeySet, type JWTPayload } from 'jose';
import { tokenAuthenticator, type Authenticator } from '../auth.ts';
import type { Role, ServiceScope } from '../caller.ts';

export interface UserTokenOptions {
  readonly projectId: string;
  readonly audience: string;
  readonly roles?: readonly Role[] | undefined;
  readonly subject?: string | undefined;
  /** Seconds until it expires; negative makes one that already has. */
  readonly expiresInSeconds?: number | undefined;
}

export interface ServiceTokenOptions {
  readonly scope: ServiceScope;
  readonly host: string;
  readonly audience: string;
  readonly subject?: string | undefined;
  readonly expiresInSeconds?: number | undefined;
}

/** An issuer that lives in memory, with one Ed25519 key. */
export interface TestIssuer {
  readonly issuer: string;
  readonly jwks: JSONWebKeySet;
  userToken(options: UserTokenOptions): Promise<string>;
  serviceToken(options: ServiceTokenOptions): Promise<string>;
  /** Any claims at all, for tests of what must be refused. */
  token(claims: JWTPayload, expiresInSeconds?: number): Promise<string>;
  authenticator(audience: string): Authenticator;
}

/** Makes an issuer. */
export async function mintTokens(issuer = 'https://issuer.test'): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const kid = 'test-key';
  const jwks: JSONWebKeySet = { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' }] };
  const token = (claims: JWTPayload, expiresInSeconds = 3600) =>
    new SignJWT({ iss: issuer, ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInSeconds)
      .sign(privateKey);
  return {
    issuer,
    jwks,
    token,
    userToken: ({ projectId, audience, roles = ['member'], subject = 'test-user', expiresInSeconds }) =>
      token({ sub: subject, aud: audience, project: projectId, roles: [...roles] }, expiresInSeconds),
    serviceToken: ({ scope, host, audience, subject = `${scope}:${host}`, expiresInSeconds }) =>
      token({ sub: subject, aud: audience, scope, host }, expiresInSeconds),
    authenticator: (audience) => tokenAuthenticator({ keys: { jwks }, issuer, audience }),
  };
}
