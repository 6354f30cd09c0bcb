import { readFile, stat } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import { isRecord } from './opaque.ts';

/** Where the issuer's public keys are: a file, a URL, or given outright. */
export type KeySource =
  { readonly jwksFile: string } | { readonly jwksUrl: string } | { readonly jwks: JSONWebKeySet };

/** A look-up of verification keys. A file is read again when it has changed; a URL is fetched again for unknown key ids. */
export function openKeys(source: KeySource): JWTVerifyGetKey {
  if ('jwks' in source) return createLocalJWKSet(source.jwks);
  if ('jwksUrl' in source) {
    return createRemoteJWKSet(new URL(source.jwksUrl), { timeoutDuration: 5_000, cooldownDuration: 10_000 });
  }
  return keysFromFile(source.jwksFile);
}

function keysFromFile(file: string): JWTVerifyGetKey {
  let loaded: { version: string; keys: JWTVerifyGetKey } | undefined;
  return async (header, token) => {
    const { mtimeMs, size, ino } = await stat(file);
    const version = `${mtimeMs}/${size}/${ino}`;
    if (loaded?.version !== version) {
      loaded = { version, keys: createLocalJWKSet(readKeySet(await readFile(file, 'utf8'), file)) };
    }
    return loaded.keys(header, token);
  };
}

function readKeySet(text: string, file: string): JSONWebKeySet {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || !Array.isArray(value['keys']))
    throw new errors.JWKSInvalid(`${file} holds no JWK set`);
  return { keys: value['keys'].filter(isRecord) };
}
