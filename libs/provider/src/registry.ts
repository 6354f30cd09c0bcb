import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { capabilityMistakes } from './capabilities.ts';
import type { HostContext, HostProvider } from './host.ts';
import type { ServerProvider } from './server.ts';
import { spiVersion, supportsSpi, type SpiVersionRange } from './version.ts';

/** A provider could not be loaded; the message names the specifier and says why. */
export class ProviderLoadError extends Error {
  override readonly name = 'ProviderLoadError';
}

/** What a module of a server half exports. */
export interface ServerProviderModule {
  createServerProvider(): ServerProvider;
}

/** What a module of a host half exports. */
export interface HostProviderModule {
  createHostProvider(context: HostContext): HostProvider;
}

const nameForm = /^[a-z][a-z0-9-]{0,31}$/;
const method = z.custom((value) => typeof value === 'function');
const methods = (names: readonly string[]) =>
  z.looseObject(Object.fromEntries(names.map((name) => [name, method])));
const serverMethods = methods([
  'capabilities',
  'validateNetwork',
  'validateSubnet',
  'validatePort',
  'wiring',
]);
const hostMethods = methods(['probe', 'ensure', 'remove', 'check', 'list', 'gc', 'status']);

/**
 * Loads the server halves of providers, by name.
 * @param specifiers package names (`@patchpanel/provider-flat`; `/server` is appended), or absolute paths or `file:` URLs
 * of a module (a bundled half).
 * @throws ProviderLoadError when one can't be loaded, is for another SPI version, or bears a name that is taken.
 */
export function loadServerProviders(
  specifiers: readonly string[],
): Promise<ReadonlyMap<string, ServerProvider>> {
  return loadAll(specifiers, 'server', async (specifier) => {
    const factory = await importFactory(specifier, 'server', 'createServerProvider');
    const provider = factory() as ServerProvider;
    requireShape(specifier, provider, serverMethods);
    requireWhole(specifier, provider, 'lifecycle', methods(['ensure', 'remove']));
    const capabilities = provider.capabilities();
    requireSpi(specifier, capabilities.spi);
    const mistakes = capabilityMistakes(capabilities);
    if (mistakes.length > 0) {
      throw new ProviderLoadError(
        `"${specifier}": the provider's capabilities are wrong: ${mistakes.join('; ')}`,
      );
    }
    return provider;
  });
}

/**
 * Loads the host halves of providers, by name, and gives each the context.
 * @param specifiers as for `loadServerProviders`; `/host` is appended to package names.
 * @throws ProviderLoadError as for `loadServerProviders`.
 */
export function loadHostProviders(
  specifiers: readonly string[],
  context: HostContext,
): Promise<ReadonlyMap<string, HostProvider>> {
  return loadAll(specifiers, 'host', async (specifier) => {
    const factory = await importFactory(specifier, 'host', 'createHostProvider');
    const provider = factory(context) as HostProvider;
    requireShape(specifier, provider, hostMethods);
    requireSpi(specifier, provider.spi);
    return provider;
  });
}

/** The module to import for a specifier: files as they are, packages with the half's name appended. */
export function moduleOf(specifier: string, half: 'server' | 'host'): string {
  if (specifier.startsWith('file:')) return specifier;
  if (isAbsolute(specifier)) return pathToFileURL(specifier).href;
  if (specifier === '' || specifier.startsWith('.')) {
    throw new ProviderLoadError(
      `"${specifier}" is not a provider: give a package name, an absolute path or a file: URL`,
    );
  }
  return `${specifier}/${half}`;
}

async function loadAll<Provider extends { readonly name: string }>(
  specifiers: readonly string[],
  half: 'server' | 'host',
  load: (specifier: string) => Promise<Provider>,
): Promise<ReadonlyMap<string, Provider>> {
  const providers = new Map<string, Provider>();
  for (const specifier of specifiers) {
    const provider = await load(specifier);
    if (providers.has(provider.name)) {
      throw new ProviderLoadError(
        `"${specifier}": a ${half} half named "${provider.name}" is loaded already`,
      );
    }
    providers.set(provider.name, provider);
  }
  return providers;
}

async function importFactory(
  specifier: string,
  half: 'server' | 'host',
  exportName: string,
): Promise<(...args: unknown[]) => unknown> {
  const module = moduleOf(specifier, half);
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(module)) as Record<string, unknown>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProviderLoadError(`"${specifier}": cannot import ${module}: ${reason}`, { cause });
  }
  const factory = loaded[exportName];
  if (typeof factory !== 'function') {
    throw new ProviderLoadError(`"${specifier}": ${module} does not export ${exportName}()`);
  }
  return factory as (...args: unknown[]) => unknown;
}

function requireShape(specifier: string, provider: unknown, shape: z.ZodType): void {
  const named = z.looseObject({ name: z.string().regex(nameForm) }).safeParse(provider);
  if (!named.success) {
    throw new ProviderLoadError(`"${specifier}": the provider's name must match ${String(nameForm)}`);
  }
  const result = shape.safeParse(provider);
  if (!result.success) {
    const lacking = result.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new ProviderLoadError(
      `"${specifier}": the provider "${named.data.name}" lacks the methods ${lacking}`,
    );
  }
}

/** An optional part of a provider is there in full, or not at all. */
function requireWhole(specifier: string, provider: object, part: string, shape: z.ZodType): void {
  const value: unknown = Reflect.get(provider, part);
  if (value === undefined || shape.safeParse(value).success) return;
  throw new ProviderLoadError(`"${specifier}": the provider's ${part} lacks some of its methods`);
}

function requireSpi(specifier: string, range: SpiVersionRange | undefined): void {
  const parsed = z.object({ min: z.number().int(), max: z.number().int() }).safeParse(range);
  if (!parsed.success) {
    throw new ProviderLoadError(`"${specifier}": the provider does not say which SPI versions it works with`);
  }
  if (!supportsSpi(parsed.data)) {
    throw new ProviderLoadError(
      `"${specifier}": works with SPI versions ${parsed.data.min} to ${parsed.data.max}, this is version ${spiVersion}`,
    );
  }
}
