import {
  loadServerProviders,
  type JsonObject,
  type NetworkContext,
  type ServerProvider,
  type ValidationIssue,
} from '@patchpanel/provider';
import type { FieldError } from '@patchpanel/service-kit';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { invalidRequest } from '../problems.ts';

/** The providers that this service was started with. */
export interface ProviderCatalog {
  /** Every provider, the default one first. */
  readonly all: readonly ServerProvider[];
  readonly names: readonly string[];
  readonly defaultName: string;
  /** The provider of a stored network; the service does not start when one is missing. */
  ofNetwork(network: { readonly provider: string }): ServerProvider;
  /** Throws unless each of these providers is loaded. */
  requireAll(names: readonly string[]): void;
  /** Throws `invalid-request` (400) when a new network can't be realised by its provider. */
  checkNetwork(provider: string, network: NetworkContext): void;
}

interface Entry {
  readonly provider: ServerProvider;
  readonly validateOptions: ValidateFunction;
}

/** Loads providers by specifier. Throws with the reason when one can't be used, or when the default is none of them. */
export async function openProviders(
  specifiers: readonly string[],
  defaultName: string | undefined,
): Promise<ProviderCatalog> {
  const providers = await loadServerProviders(specifiers);
  return catalogOf([...providers.values()], defaultName);
}

/** Makes a catalog of providers that are loaded. The default is the first one unless named. */
export function catalogOf(
  providers: readonly ServerProvider[],
  defaultName = providers[0]?.name,
): ProviderCatalog {
  const entries = new Map(providers.map((provider) => [provider.name, compile(provider)]));
  const names = [...entries.keys()];
  if (defaultName === undefined || !entries.has(defaultName)) {
    throw new Error(
      `the default provider ${defaultName ?? '(none)'} is not loaded; loaded are: ${names.join(', ')}`,
    );
  }
  const all = [...entries.values()].map(({ provider }) => provider);
  return {
    all: all.toSorted((one, other) => Number(other.name === defaultName) - Number(one.name === defaultName)),
    names,
    defaultName,
    ofNetwork({ provider }) {
      const entry = entries.get(provider);
      if (!entry) throw new Error(`the provider ${provider} is not loaded`);
      return entry.provider;
    },
    requireAll(needed) {
      const missing = needed.filter((name) => !entries.has(name));
      if (missing.length === 0) return;
      throw new Error(`networks in the database need providers that are not loaded: ${missing.join(', ')}`);
    },
    checkNetwork(provider, network) {
      const entry = entries.get(provider);
      if (!entry) {
        throw invalidRequest([{ pointer: '/provider', detail: `must be one of ${names.join(', ')}` }]);
      }
      const errors = optionErrors(entry.validateOptions, network.options);
      if (errors.length > 0) throw invalidRequest(errors);
      refuseIssues(entry.provider.validateNetwork(network), toNetworkRequest);
    },
  };
}

/** Throws `invalid-request` (400) with a provider's reasons to refuse, when there are any. */
export function refuseIssues(
  issues: readonly ValidationIssue[],
  toRequest: (pointer: string) => string = (pointer) => pointer,
): void {
  if (issues.length === 0) return;
  throw invalidRequest(issues.map(({ pointer, detail }) => ({ pointer: toRequest(pointer), detail })));
}

/** A network's options have another name in requests. */
function toNetworkRequest(pointer: string): string {
  return pointer.replace(/^\/options(?=\/|$)/, '/providerOptions');
}

function compile(provider: ServerProvider): Entry {
  const { networkOptionsSchema } = provider.capabilities();
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  return { provider, validateOptions: ajv.compile(networkOptionsSchema) };
}

function optionErrors(validate: ValidateFunction, options: JsonObject): FieldError[] {
  if (validate(options)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const extra: unknown = 'additionalProperty' in params ? params['additionalProperty'] : undefined;
    const place = typeof extra === 'string' ? `${instancePath}/${escapePointer(extra)}` : instancePath;
    return { pointer: `/providerOptions${place}`, detail: message ?? 'is not valid' };
  });
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
