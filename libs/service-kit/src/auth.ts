import { errors, jwtVerify, type JWTPayload } from 'jose';
import { validate as isUuid } from 'uuid';
import { hasRole, roleLadder, serviceScopes, type Caller } from './caller.ts';
import { commonProblem } from './common-problems.ts';
import type { SecurityAlternative } from './document.ts';
import { isHostName } from './host-name.ts';
import { openKeys, type KeySource } from './keys.ts';
import type { Problem } from './problem.ts';
import { rememberTokens } from './verified-tokens.ts';

/** Who issues the tokens that this API takes, and for whom they must be meant. */
export interface TokenPolicy {
  readonly keys: KeySource;
  readonly issuer: string;
  readonly audience: string;
  /** How far the issuer's clock may be off, in seconds; 30 unless given. */
  readonly clockToleranceSeconds?: number | undefined;
}

/** Turns the Authorization header of a request into its caller. */
export interface Authenticator {
  /** `local`: nobody shows a token, and the document must demand none. */
  readonly kind: 'token' | 'local';
  /** Throws `unauthenticated` (401) unless the header carries a good token. */
  authenticate(authorization: string | undefined): Promise<Caller>;
}

/** Signatures that can be verified with a public key; symmetric ones and `none` are never taken. */
const algorithms = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
];

/** Verifies JWT access tokens: signature, issuer, audience, expiry, then the claims that say who calls. */
export function tokenAuthenticator(policy: TokenPolicy): Authenticator {
  const keys = openKeys(policy.keys);
  const clockTolerance = policy.clockToleranceSeconds ?? 30;
  const verified = rememberTokens<Caller>();
  return {
    kind: 'token',
    async authenticate(authorization) {
      const token = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) {
        throw unauthenticated('Send an access token: "Authorization: Bearer <token>".');
      }
      const known = verified.find(token);
      if (known) return known;
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer: policy.issuer,
          audience: policy.audience,
          algorithms,
          clockTolerance,
          requiredClaims: ['exp', 'sub'],
        });
        const caller = readCaller(payload);
        verified.remember(token, caller, ((payload.exp ?? 0) + clockTolerance) * 1000);
        return caller;
      } catch (error) {
        throw tokenProblem(error, policy);
      }
    },
  };
}

/** For an API on a unix socket, where the socket's file mode decides who may connect. */
export const localAuthenticator: Authenticator = {
  kind: 'local',
  authenticate: () => Promise.resolve({ kind: 'local' }),
};

/** Throws `forbidden` (403) unless one of the operation's security alternatives lets the caller in. */
export function authorize(caller: Caller, alternatives: readonly SecurityAlternative[]): void {
  if (caller.kind === 'local' || alternatives.some((alternative) => fits(caller, alternative))) return;
  const wanted = alternatives.map(({ scheme, needs }) =>
    scheme === 'userToken'
      ? `a user token with role ${needs.join(' or ')}`
      : `a service token with scope ${needs.join(' or ')}`,
  );
  throw commonProblem('forbidden', `This operation takes ${wanted.join(', or ')}.`);
}

function fits(caller: Caller, { scheme, needs }: SecurityAlternative): boolean {
  if (scheme === 'userToken' && caller.kind === 'user') {
    const role = roleLadder.find((step) => needs.includes(step)) ?? 'admin';
    return hasRole(caller, role);
  }
  return scheme === 'serviceToken' && caller.kind === 'service' && needs.includes(caller.scope);
}

/** Who the claims say is calling: a host's program by a scope of ours, otherwise a user by their project. */
function readCaller(claims: JWTPayload): Caller {
  const { sub: subject = '', project, roles, scope, host } = claims;
  // RFC 8693, section 4.2: scopes are parted by blanks, and issuers put in their own (`openid profile email`).
  const words = typeof scope === 'string' ? scope.split(' ') : [];
  const [ours, ...more] = serviceScopes.filter((candidate) => words.includes(candidate));
  if (ours !== undefined) {
    if (more.length > 0)
      throw unauthenticated(`The token has more than one scope of ${serviceScopes.join(', ')}.`);
    if (project !== undefined)
      throw unauthenticated(
        `The token has both a project and the scope ${ours}: it is a user's or a service's.`,
      );
    if (host === undefined || host === '') throw unauthenticated('The token names no host.');
    if (!isHostName(host)) {
      throw unauthenticated(
        "The token's host is no host name: 1 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends.",
      );
    }
    return { kind: 'service', subject, scope: ours, host };
  }
  if (typeof project !== 'string' || !isUuid(project)) {
    throw unauthenticated(
      `The token names no project, and its scope is none of ${serviceScopes.join(', ')}.`,
    );
  }
  const claimed: readonly unknown[] = Array.isArray(roles) ? roles : [];
  return {
    kind: 'user',
    subject,
    projectId: project.toLowerCase(),
    roles: roleLadder.filter((role) => claimed.includes(role)),
  };
}

/** Only failures of the token itself are the caller's; keys that can't be had are ours. */
function tokenProblem(error: unknown, policy: TokenPolicy): unknown {
  if (error instanceof errors.JWTExpired)
    return unauthenticated('The access token has expired. Get a new one.', error);
  if (error instanceof errors.JWTClaimValidationFailed) {
    const detail =
      error.claim === 'aud'
        ? `The access token is not for the audience "${policy.audience}".`
        : `The access token's claim "${error.claim}" is not acceptable.`;
    return unauthenticated(detail, error);
  }
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid)
    return keysUnavailable(error);
  if (error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC') {
    return unauthenticated(
      'The access token is not valid: it is malformed or its signature does not match.',
      error,
    );
  }
  if (error instanceof Error && error.name === 'Problem') return error;
  return keysUnavailable(error);
}

function unauthenticated(detail: string, cause?: unknown): Problem {
  const isInvalid = cause !== undefined;
  return commonProblem('unauthenticated', detail, {
    cause,
    headers: {
      'www-authenticate': isInvalid
        ? 'Bearer realm="patchpanel", error="invalid_token"'
        : 'Bearer realm="patchpanel"',
    },
  });
}

function keysUnavailable(cause: unknown): Problem {
  return commonProblem(
    'service-unavailable',
    'Tokens cannot be verified now: the keys of their issuer are out of reach.',
    {
      cause,
      headers: { 'retry-after': '5' },
    },
  );
}
