import {
  ProviderError,
  identityOf,
  type Device,
  type DesiredWiring,
  type WiringIdentity,
} from '@patchpanel/provider';
import { z } from 'zod';
import { documentVersion, wiringDocument } from '../document.ts';
import { canonical, ipVersionOf, isOnLink, linkLocalOf } from './addresses.ts';
import { bridgeName, hostEndName, routeMetric } from './names.ts';

/** An address that the vNIC shall have. */
export interface PlannedAddress {
  readonly ipAddress: string;
  readonly prefixLength: number;
}

/** A default route that the machine shall have over this vNIC. */
export interface PlannedRoute {
  readonly gatewayIp: string;
  readonly metric: number;
  /** The gateway is outside the address's own prefix. */
  readonly isOffPrefix: boolean;
}

/** A desired wiring in this provider's own terms: everything derived, everything checked, nothing to be guessed later. */
export interface Plan {
  readonly identity: WiringIdentity;
  readonly bridge: string;
  readonly hostEnd: string;
  readonly macAddress: string;
  readonly mtu: number;
  readonly isUp: boolean;
  readonly device: Exclude<Device, { kind: 'none' }>;
  /** What the port may use as its own: without the link-local address. */
  readonly fixedIps: readonly PlannedAddress[];
  /** The link-local address that belongs to the MAC. */
  readonly linkLocal: string;
  /** What the agent sets inside a namespace: the fixed addresses and, with IPv6, the link-local one. */
  readonly addresses: readonly PlannedAddress[];
  readonly routes: readonly PlannedRoute[];
}

const macForm = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
/** What the kernel takes as a link's name, without the characters that mean something to `ip` and nft. */
const interfaceForm = /^[a-zA-Z][a-zA-Z0-9_-]{0,14}$/;

/** An address with a prefix that its IP version allows. */
const fixedIp = z
  .object({
    ipAddress: z.union([z.ipv4(), z.ipv6()]),
    prefixLength: z.int().min(0).max(128),
    gatewayIp: z.union([z.ipv4(), z.ipv6()]).optional(),
  })
  .refine(
    ({ ipAddress, prefixLength }) => ipVersionOf(ipAddress) === 6 || prefixLength <= 32,
    'a prefix too long',
  );

const attachment = z.object({
  macAddress: z
    .string()
    .regex(macForm)
    .refine((mac) => (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0, 'a group address'),
  mtu: z.int().min(68).max(65535).optional(),
  epoch: z.int().min(0),
  generation: z.int().min(0),
  placement: z.int().min(0),
  fixedIps: z.array(fixedIp),
});

/**
 * Derives the plan of a desired wiring.
 * @throws ProviderError `wiring-invalid` or `device-unsupported`.
 */
export function planOf(desired: DesiredWiring): Plan {
  const { device, wiring } = desired;
  if (device.kind === 'none') {
    throw new ProviderError(
      'device-unsupported',
      'flat wires namespaces and taps; "none" needs the simulated provider',
    );
  }
  if (
    device.kind === 'namespace' &&
    (!interfaceForm.test(device.interfaceName) || device.interfaceName === 'lo')
  ) {
    throw new ProviderError('device-refused', `"${device.interfaceName}" is not a name for a link`);
  }
  if (wiring.version !== documentVersion) {
    throw new ProviderError(
      'wiring-invalid',
      `wiring document version ${wiring.version} is not known, only ${documentVersion} is`,
    );
  }
  const document = demand(wiringDocument, wiring.document, 'wiring document');
  const { macAddress, mtu = document.mtu, fixedIps } = demand(attachment, desired.attachment, 'attachment');
  const identity = identityOf(desired.attachment);
  const linkLocal = linkLocalOf(macAddress);
  const planned = fixedIps.map(({ ipAddress, prefixLength }) => ({
    ipAddress: canonical(ipAddress),
    prefixLength,
  }));
  const hasIpv6 = planned.some(({ ipAddress }) => ipVersionOf(ipAddress) === 6);
  return {
    identity,
    bridge: nameOf(() => bridgeName(identity.networkId)),
    hostEnd: nameOf(() => hostEndName(identity.vnicId)),
    macAddress,
    mtu,
    isUp: desired.attachment.adminState === 'up',
    device,
    fixedIps: planned,
    linkLocal,
    addresses: hasIpv6 ? [...planned, { ipAddress: linkLocal, prefixLength: 64 }] : planned,
    routes: device.kind === 'namespace' ? routesOf(desired, routeMetric(device.interfaceName)) : [],
  };
}

/** The first gateway of each IP version makes the default route. */
function routesOf(desired: DesiredWiring, metric: number): readonly PlannedRoute[] {
  const routes = new Map<4 | 6, PlannedRoute>();
  for (const { ipAddress, prefixLength, gatewayIp } of desired.attachment.fixedIps) {
    if (gatewayIp === undefined || routes.has(ipVersionOf(gatewayIp))) continue;
    const isOffPrefix = !isOnLink(gatewayIp, ipAddress, prefixLength);
    routes.set(ipVersionOf(gatewayIp), { gatewayIp: canonical(gatewayIp), metric, isOffPrefix });
  }
  return [...routes.values()];
}

function demand<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new ProviderError('wiring-invalid', `the ${what} is not understood: ${reasons.join('; ')}`);
}

function nameOf(derive: () => string): string {
  try {
    return derive();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ProviderError('wiring-invalid', cause.message, { cause });
  }
}
