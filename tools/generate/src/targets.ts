import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The five OpenAPI documents: a folder each under `openapi/`. */
export const apis = ['network', 'network-southbound', 'compute', 'compute-southbound', 'agent'] as const;
export type Api = (typeof apis)[number];

/** Something that the generator makes from one document. */
export interface Target {
  readonly api: Api;
  /** The folder that it fills, relative to the root. Everything in it is generated. */
  readonly folder: string;
  /** `types`: interfaces of the wire format. `client`: a fetch client with those interfaces. */
  readonly kind: 'types' | 'client';
}

const contracts = apis.map((api): Target => ({ api, folder: `libs/contract/${api}/src`, kind: 'types' }));

/**
 * The clients. Law 1 and law 3 decide where they live: only the agent's core can speak network-southbound, only
 * compute-host can speak compute-southbound, and the agent's own API needs no generated client.
 */
const clients: readonly Target[] = [
  { api: 'network', folder: 'libs/sdk/network/src/generated', kind: 'client' },
  { api: 'compute', folder: 'libs/sdk/compute/src/generated', kind: 'client' },
  { api: 'network-southbound', folder: 'libs/agent/core/src/generated', kind: 'client' },
  { api: 'compute-southbound', folder: 'apps/compute-host/src/generated', kind: 'client' },
];

export const targets: readonly Target[] = [...contracts, ...clients];

/** Where the bundled document of an API is kept. */
export const bundlePath = (api: Api): string => `openapi/dist/${api}.json`;
