import { describe, expect, it } from 'vitest';
import { catalogOf, openProviders } from './catalog.ts';
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

  it('that need pools of numbers are refused, because none would be given', () => {
    const provider = testProvider('needy');
    const pools = [{ name: 'vni', description: 'A VNI.', min: 1, max: 9 }];
    const needy = { ...provider, capabilities: () => ({ ...provider.capabilities(), pools }) };
    expect(() => catalogOf([needy])).toThrow('needy');
  });
});
