import type { Provider, ProviderList } from '@patchpanel/contract-network';
import type { ServerProvider } from '@patchpanel/provider';
import { hasRole, type UserCaller } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { selectPoolUsage } from '../pools/store.ts';

/** How many numbers of a pool are used and resting, by provider and pool. */
type PoolUsage = Awaited<ReturnType<typeof selectPoolUsage>>;

/** Lists the providers, the default one first. How many numbers of a pool are used is for operators. */
export async function listProviders(
  { database, providers }: Pick<Parts, 'database' | 'providers'>,
  caller: UserCaller,
): Promise<ProviderList> {
  const usage = hasRole(caller, 'admin') ? await selectPoolUsage(database.knex) : [];
  return {
    items: providers.all.map((provider) =>
      toProvider(provider, provider.name === providers.defaultName, usage),
    ),
  };
}

function toProvider(provider: ServerProvider, isDefault: boolean, usage: PoolUsage): Provider {
  const { features, ipVersions, defaultMtu, maxMtu, pools, networkOptionsSchema } = provider.capabilities();
  return {
    name: provider.name,
    isDefault,
    features: [...features],
    ipVersions: [...ipVersions],
    defaultMtu,
    maxMtu,
    hasLifecycle: provider.lifecycle !== undefined,
    pools: pools.map(({ name, description, min, max }) => {
      const counted = usage.find(({ provider: of, pool }) => of === provider.name && pool === name);
      return {
        name,
        description,
        min,
        max,
        ...(counted === undefined ? {} : { used: counted.used, resting: counted.resting }),
      };
    }),
    networkOptionsSchema,
  };
}
