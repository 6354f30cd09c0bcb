/**
 * The machine's host name: what of its own name a host name can hold (RFC 1123: letters, digits, inner hyphens, 63 at most),
 * or its id when nothing is left.
 */
export function hostNameFor(machine: { readonly name: string; readonly instanceId: string }): string {
  const label = machine.name
    .replace(/[^0-9A-Za-z]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 63)
    .replace(/-+$/, '');
  return label === '' ? machine.instanceId : label;
}
