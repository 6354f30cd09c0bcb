import type { NetworkFeature, ServerProvider } from '@patchpanel/provider';
import { problem } from '../problems.ts';

/** A feature that a request needs of a network's provider. */
export interface FeatureDemand {
  readonly feature: NetworkFeature;
  /** The place in the request that needs it. */
  readonly pointer: string;
}

/** Throws `provider-lacks-feature` (409), with every place, when the provider does not do all of it. */
export function requireFeatures(provider: ServerProvider, demands: readonly FeatureDemand[]): void {
  const { features } = provider.capabilities();
  const lacking = demands.filter(({ feature }) => !features.includes(feature));
  if (lacking.length === 0) return;
  const names = [...new Set(lacking.map(({ feature }) => feature))].join(', ');
  throw problem(
    'provider-lacks-feature',
    `The network's provider ${provider.name} does not have ${names}. Leave that out, or use a network of another provider.`,
    { errors: lacking.map(({ feature, pointer }) => ({ pointer, detail: `needs ${feature}` })) },
  );
}
