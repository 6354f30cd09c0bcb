import { z } from 'zod';
import { isNetworkFeature, networkFeatures } from './features.ts';

const nameForm = /^[a-z][a-z0-9-]{0,39}$/;

const pool = z
  .object({
    name: z.string().regex(nameForm, `must match ${String(nameForm)}`),
    description: z.string(),
    min: z.int().min(0),
    max: z.int().min(0),
  })
  .refine(({ min, max }) => min <= max, 'is empty: max is less than min');

const feature = z.custom<string>(isNetworkFeature, {
  error: ({ input }) =>
    `${JSON.stringify(input)} is not a feature; there are: ${Object.keys(networkFeatures).join(', ')}`,
});

const capabilities = z
  .object({
    ipVersions: z.array(z.literal([4, 6])).min(1),
    features: z.array(feature),
    defaultMtu: z.int().min(68).max(65_535),
    maxMtu: z.int().min(68).max(65_535),
    pools: z.array(pool),
    networkOptionsSchema: z.record(z.string(), z.unknown()),
  })
  .refine(({ defaultMtu, maxMtu }) => defaultMtu <= maxMtu, { path: ['defaultMtu'], error: 'exceeds maxMtu' })
  .refine(({ features }) => areDistinct(features), { path: ['features'], error: 'names one twice' })
  .refine(({ ipVersions, features }) => ipVersions.includes(4) || !features.includes('dhcp'), {
    path: ['features'],
    error: 'dhcp is of IPv4, which ipVersions lacks',
  })
  .refine(({ ipVersions, features }) => ipVersions.includes(6) || !features.includes('dhcpv6'), {
    path: ['features'],
    error: 'dhcpv6 is of IPv6, which ipVersions lacks',
  })
  .refine(({ pools }) => areDistinct(pools.map(({ name }) => name)), {
    path: ['pools'],
    error: 'two have one name',
  });

/** What is wrong with a server half's capabilities, a message per mistake; empty when all is well. The SPI range is not looked at. */
export function capabilityMistakes(declared: unknown): readonly string[] {
  const parsed = capabilities.safeParse(declared);
  if (parsed.success) return [];
  return parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'capabilities'}: ${message}`);
}

function areDistinct(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
