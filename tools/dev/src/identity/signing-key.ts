import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';

/** The issuer of all tokens of the development stack. */
export const issuer = 'https://patchpanel.invalid/dev';

/** Claims of a token beside those that every token has. */
export interface TokenRequest {
  readonly audience: 'network' | 'compute';
  readonly subject: string;
  readonly lifetimeSeconds: number;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The development stack's own token issuer: an Ed25519 key that never leaves its file. */
export class SigningKey {
  readonly #key: Awaited<ReturnType<typeof importJWK>>;
  readonly #jwk: JWK;

  private constructor(key: Awaited<ReturnType<typeof importJWK>>, jwk: JWK) {
    this.#key = key;
    this.#jwk = jwk;
  }

  /** The key kept in a folder; made there the first time. */
  static async open(folder: string): Promise<SigningKey> {
    const file = join(folder, 'signing-key.json');
    if (!existsSync(file)) writeFileSync(file, JSON.stringify(await makeKey()), { mode: 0o600 });
    const jwk = JSON.parse(readFileSync(file, 'utf8')) as JWK;
    return new SigningKey(await importJWK(jwk, 'EdDSA'), jwk);
  }

  /** The public half, as the services want to read it. */
  publicKeys(): { readonly keys: readonly JWK[] } {
    const { kty, crv, x, kid } = this.#jwk;
    return { keys: [{ kty, crv, x, kid, alg: 'EdDSA', use: 'sig' } as JWK] };
  }

  /** Signs a token. */
  sign({ audience, subject, lifetimeSeconds, claims }: TokenRequest): Promise<string> {
    return new SignJWT({ ...claims })
      .setProtectedHeader({
        alg: 'EdDSA',
        typ: 'at+jwt',
        ...(this.#jwk.kid === undefined ? {} : { kid: this.#jwk.kid }),
      })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setJti(randomBytes(12).toString('hex'))
      .setIssuedAt()
      .setExpirationTime(`${lifetimeSeconds} s`)
      .sign(this.#key);
  }
}

async function makeKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  return { ...(await exportJWK(privateKey)), kid: randomBytes(8).toString('hex') };
}
