import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostContext } from './host.ts';
import { loadHostProviders, loadServerProviders, moduleOf, ProviderLoadError } from './registry.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchpanel-registry-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function module(name: string, source: string): Promise<string> {
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, source);
  return file;
}

function serverHalf({ name = 'sample', max = 1, features = '', methods = 'wiring() {}' } = {}): string {
  return `export function createServerProvider() {
    return {
      name: '${name}',
      capabilities: () => ({
        spi: { min: 1, max: ${max} }, ipVersions: [4], features: [${features}], defaultMtu: 1500, maxMtu: 1500, pools: [],
        networkOptionsSchema: {},
      }),
      validateNetwork() {}, validateSubnet() {}, validatePort() {}, ${methods}
    };
  }`;
}

const context: HostContext = {
  instance: 'test',
  host: 'here',
  runDir: '/nowhere',
  stateDir: '/nowhere',
  logger: { debug() {}, info() {}, warn() {}, error() {} },
};

describe('loading providers', () => {
  test('finds a half by path and by file URL, and gives the host half its context', async () => {
    const server = await module('server', serverHalf());
    expect([...(await loadServerProviders([server])).keys()]).toEqual(['sample']);
    const host = await module(
      'host',
      `export function createHostProvider({ host }) {
        const method = () => {};
        return { name: host, spi: { min: 1, max: 1 }, probe: method, ensure: method, remove: method, check: method,
          list: method, gc: method, status: method };
      }`,
    );
    expect([...(await loadHostProviders([pathToFileURL(host).href], context)).keys()]).toEqual(['here']);
  });

  test('appends the half to a package name', () => {
    expect(moduleOf('@patchpanel/provider-flat', 'host')).toBe('@patchpanel/provider-flat/host');
    expect(moduleOf('@patchpanel/provider-flat', 'server')).toBe('@patchpanel/provider-flat/server');
  });

  test.each([
    ['a module that is not there', () => Promise.resolve('/nowhere/half.mjs'), /cannot import/],
    ['a relative path', () => Promise.resolve('./half.mjs'), /give a package name/],
    [
      'a module without the function',
      () => module('empty', 'export {}'),
      /does not export createServerProvider/,
    ],
    ['a bad name', () => module('bad', serverHalf({ name: 'Bad Name' })), /name must match/],
    [
      'a half that lacks a method',
      () => module('less', serverHalf({ methods: '' })),
      /lacks the methods wiring/,
    ],
    [
      'a lifecycle that can only make things',
      () => module('half', serverHalf({ methods: 'wiring() {}, lifecycle: { ensure() {} }' })),
      /lifecycle lacks some of its methods/,
    ],
    [
      'capabilities that make no sense',
      () => module('senseless', serverHalf({ features: "'dhcp', 'telepathy'" })),
      /capabilities are wrong: features\.1: "telepathy" is not a feature/,
    ],
    [
      'another SPI version',
      () => module('old', serverHalf({ max: 0 })),
      /works with SPI versions 1 to 0, this is version 1/,
    ],
  ])('refuses %s, naming it', async (_, make, message) => {
    const specifier = await make();
    const loading = loadServerProviders([specifier]);
    await expect(loading).rejects.toThrow(ProviderLoadError);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow(specifier);
  });

  test('refuses two providers of one name', async () => {
    const both = [await module('one', serverHalf()), await module('two', serverHalf())];
    await expect(loadServerProviders(both)).rejects.toThrow(/a server half named "sample" is loaded already/);
  });
});
