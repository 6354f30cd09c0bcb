import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from '../testing/stage.ts';
import { testEngine } from '../testing/test-engine.ts';
import { testProvider } from '../testing/test-providers.ts';

let stage: Stage;

beforeAll(async () => {
  const pools = [{ name: 'vni', description: 'Names the network.', min: 5, max: 9 }];
  stage = await openStage({
    addressRestSeconds: 3600,
    providers: [
      testProvider('plain', [4], ['dhcp']),
      testProvider('pooled', [6], [], { pools, lifecycle: testEngine() }),
    ],
  });
});
afterAll(() => stage.close());

describe('providers', () => {
  it('are listed with what each can do, the default one first', async () => {
    const reader = await stage.user(undefined, ['reader']);
    const { body } = await reader.get('/v1/providers').expect(200);
    expect(body).toEqual({
      items: [
        {
          name: 'plain',
          isDefault: true,
          features: ['dhcp'],
          ipVersions: [4],
          defaultMtu: 1500,
          maxMtu: 9000,
          hasLifecycle: false,
          pools: [],
          networkOptionsSchema: expect.objectContaining({ type: 'object' }),
        },
        {
          name: 'pooled',
          isDefault: false,
          features: [],
          ipVersions: [6],
          defaultMtu: 1500,
          maxMtu: 9000,
          hasLifecycle: true,
          pools: [{ name: 'vni', description: 'Names the network.', min: 5, max: 9 }],
          networkOptionsSchema: expect.objectContaining({ type: 'object' }),
        },
      ],
    });
  });

  it('say only to operators how many of their numbers are used and resting', async () => {
    const member = await stage.user();
    await member.network({ provider: 'pooled' });
    const network = await member.network({ provider: 'pooled' });
    // Of one that is gone the number rests.
    await stage.database.knex('network_realisations').where({ network_id: network.id }).delete();
    await member.delete(`/v1/networks/${network.id}`).expect(204);
    const usage = async (role: 'member' | 'admin') => {
      const caller = await stage.user(undefined, [role]);
      const { body } = await caller.get('/v1/providers').expect(200);
      return body.items[1].pools[0];
    };
    expect(await usage('admin')).toMatchObject({ used: 1, resting: 1 });
    const shown = await usage('member');
    expect(shown).not.toHaveProperty('used');
    expect(shown).not.toHaveProperty('resting');
  });
});
