/** Whether a value can be a host's name, as the documents' `HostName` says. No document holds a token's claims to it. */
export function isHostName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(value);
}
