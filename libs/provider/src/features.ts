/**
 * What networks of a provider may be asked to do beyond carrying addresses, and what each means. The list is closed: the
 * network service refuses at the edge what a network's provider does not declare, so nothing is promised that nobody keeps.
 */
export const networkFeatures = {
  'security-groups':
    "Lets in and out of a port only what the rules of its security groups allow, by connection's state.",
  'port-security-off':
    'Can let a port send from any address and without any filter, when its port security is off.',
  'allowed-address-pairs': 'Lets a port use, beside its own addresses, those of its allowed address pairs.',
  dhcp: 'Answers DHCP (IPv4) in the subnets that have it on, from their DHCP server address, and nobody else may.',
  dhcpv6: 'Announces `dhcpv6-stateful` IPv6 subnets by router advertisements and answers DHCPv6 in them.',
  'port-admin-state':
    'Passes not a frame to or from a port whose admin state is `down`, while it stays wired.',
} as const;

/** Something that a provider may or may not do for its networks; see `networkFeatures`. */
export type NetworkFeature = keyof typeof networkFeatures;

/** True for a feature that this version of the SPI knows. */
export function isNetworkFeature(name: unknown): name is NetworkFeature {
  return typeof name === 'string' && Object.hasOwn(networkFeatures, name);
}
