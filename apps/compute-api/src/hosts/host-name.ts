/** Whether a text can be a host's name, as the document's `HostName` says. A token's claim is not held against the document. */
export function isHostName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(text);
}
