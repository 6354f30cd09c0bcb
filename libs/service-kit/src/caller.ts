/** A person or program of a project, with a token of a user. */
export interface UserCaller {
  readonly kind: 'user';
  readonly subject: string;
  readonly projectId: string;
  readonly roles: readonly Role[];
}

/** An agent or a compute host, with a token for a service scope; it may touch only what is its host's. */
export interface ServiceCaller {
  readonly kind: 'service';
  readonly subject: string;
  readonly scope: ServiceScope;
  readonly host: string;
}

/** Someone who needs no token: the other end of a unix socket whose file mode already said who may connect. */
export interface LocalCaller {
  readonly kind: 'local';
}

export type Caller = UserCaller | ServiceCaller | LocalCaller;

export type Role = (typeof roleLadder)[number];
export type ServiceScope = (typeof serviceScopes)[number];

/** Each role contains those before it. */
export const roleLadder = ['reader', 'member', 'admin'] as const;
export const serviceScopes = ['network:agent', 'compute:host'] as const;

/** True when the caller has the role or a higher one. */
export function hasRole(caller: UserCaller, role: Role): boolean {
  return caller.roles.some((held) => roleLadder.indexOf(held) >= roleLadder.indexOf(role));
}

/** The word that metrics use for a caller. */
export function callerKind(caller: Caller | undefined): 'user' | 'agent' | 'host' | 'anonymous' {
  if (caller?.kind === 'user') return 'user';
  if (caller?.kind === 'service') return caller.scope === 'network:agent' ? 'agent' : 'host';
  return 'anonymous';
}

/** Whose idempotency keys these are. */
export function ownerOf(caller: Caller): string {
  if (caller.kind === 'user') return `project:${caller.projectId}`;
  return caller.kind === 'service' ? `host:${caller.host}` : 'local';
}
