import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HostProvider, WiringIdentity } from '@patchpanel/provider';
import { expect, test } from 'vitest';
import { journalFolder, LocalNetworkAgent } from './local-network-agent.ts';
import { purge } from './purge.ts';
import { makeAgentWorld, quietLogger } from './testing/agent-world.ts';
import { newItem } from './testing/items.ts';

test('purging removes each wiring of the journal, also what collecting garbage can not recognise', async () => {
  const world = await makeAgentWorld();
  try {
    const agent = await LocalNetworkAgent.start({
      hostName: 'host-1',
      stateDir: world.stateDir,
      providers: world.providers,
      networkService: world.client(),
      logger: quietLogger,
    });
    const item = newItem(7);
    world.service.model.plug(item, { macAddress: item.macAddress });
    await agent.ensure([item]);
    await agent.close();
    const removed: WiringIdentity[] = [];
    const deaf = (half: HostProvider): HostProvider => ({
      ...half,
      gc: async () => [],
      remove: async (identity) => void removed.push(identity),
    });
    const providers = new Map([...world.providers].map(([name, half]) => [name, deaf(half)]));
    await purge({ stateDir: world.stateDir, providers, logger: quietLogger });
    expect(removed).toMatchObject([{ vnicId: item.vnicId, placement: 7 }]);
    expect(existsSync(join(world.stateDir, journalFolder))).toBe(false);
  } finally {
    await world.close();
  }
});
