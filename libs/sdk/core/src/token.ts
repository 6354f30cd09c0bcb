/**
 * An access token, or a function that has one whenever asked. The function is asked before each attempt, so keep the
 * token until it is about to expire; when the service has refused the last one, it is asked once more with `refresh`.
 *
 * ```ts
 * const token: TokenProvider = async ({ refresh }) => (refresh ? login.renew() : login.current());
 * ```
 */
export type TokenProvider = string | ((wanted: { readonly refresh: boolean }) => string | Promise<string>);

/** Asks for a token. A fixed one can't be refreshed: then the answer is undefined. */
export async function readToken(provider: TokenProvider, refresh: boolean): Promise<string | undefined> {
  if (typeof provider === 'function') return provider({ refresh });
  return refresh ? undefined : provider;
}
