import { hash } from 'node:crypto';

/** What was found out about a token, and until when it holds. */
interface Verified<Claims> {
  readonly claims: Claims;
  readonly believedUntil: number;
}

/**
 * Remembers tokens that were verified lately: the same one comes with every request of a caller, and its signature costs more to
 * check than the rest of the request. A token is believed for 5 seconds at most and never past its own end, so a key that the
 * issuer withdraws stops opening anything within that time. Kept by digest: a token itself is not held on to.
 */
export interface VerifiedTokens<Claims> {
  find(token: string): Claims | undefined;
  /** @param endsAt end of the token, in milliseconds since the epoch. */
  remember(token: string, claims: Claims, endsAt: number): void;
}

const believedMs = 5_000;
const mostTokens = 10_000;

/** Opens an empty memory. `now` gives the time in milliseconds since the epoch. */
export function rememberTokens<Claims>(now: () => number = Date.now): VerifiedTokens<Claims> {
  const known = new Map<string, Verified<Claims>>();
  return {
    find(token) {
      const digest = digestOf(token);
      const found = known.get(digest);
      if (!found) return undefined;
      if (now() < found.believedUntil) return found.claims;
      known.delete(digest);
      return undefined;
    },
    remember(token, claims, endsAt) {
      // The oldest entry is the first: what was remembered anew has been put at the end.
      const [oldest] = known.keys();
      if (known.size >= mostTokens && oldest !== undefined) known.delete(oldest);
      const digest = digestOf(token);
      known.delete(digest);
      known.set(digest, { claims, believedUntil: Math.min(now() + believedMs, endsAt) });
    },
  };
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64url');
}
