import { describe, expect, it } from 'vitest';
import { catalogOf, openProviders } from './catalog.ts';
import { requireFeatures } from './features.ts';
import { testProvider } from '../testing/test-providers.ts';

describe('the providers', () => {
  it('are loaded by specifier, and the first is the default', async () => {
    const catalog = await openProviders(
      ['@patchpanel/provider-simulated', '@patchpanel/provider-flat'],
      undefined,
    );
    expect(catalog).toMatchObject({ names: ['simulated', 'flat'], defaultName: 'simulated' });
  });

  it('that cannot be loaded stop the start, by name', async () => {
    await expect(openProviders(['@patchpanel/provider-missing'], undefined)).rejects.toThrow(
      'provider-missing',
    );
  });

  it('must have the default among them, and all that stored networks need', () => {
    expect(() => catalogOf([testProvider('one')], 'two')).toThrow('two');
    const catalog = catalogOf([testProvider('one')]);
    expect(() => catalog.requireAll(['one'])).not.toThrow();
    expect(() => catalog.requireAll(['one', 'gone'])).toThrow('gone');
    expect(() => catalog.ofNetwork({ provider: 'gone' })).toThrow('gone');
  });

  it('are all there, the default one first', () => {
    const catalog = catalogOf([testProvider('one'), testProvider('two'), testProvider('three')], 'two');
    expect(catalog.all.map(({ name }) => name)).toEqual(['two', 'one', 'three']);
  });
});

describe('features that a request needs', () => {
  const plain = testProvider('plain', [4, 6], ['dhcp']);

  it('are had by a provider that declares them', () => {
    expect(() => requireFeatures(plain, [])).not.toThrow();
    expect(() => requireFeatures(plain, [{ feature: 'dhcp', pointer: '/x' }])).not.toThrow();
  });

  it('are refused when it does not, with every place that needs them', () => {
    const demands = [
      { feature: 'security-groups', pointer: '/securityGroupIds' },
      { feature: 'dhcp', pointer: '/x' },
      { feature: 'port-admin-state', pointer: '/adminState' },
    ] as const;
    expect(() => requireFeatures(plain, demands)).toThrow(
      expect.objectContaining({
        code: 'provider-lacks-feature',
        status: 409,
        detail: expect.stringMatching(/plain does not have security-groups, port-admin-state/),
        errors: [
          { pointer: '/securityGroupIds', detail: 'needs security-groups' },
          { pointer: '/adminState', detail: 'needs port-admin-state' },
        ],
      }),
    );
  });
});
