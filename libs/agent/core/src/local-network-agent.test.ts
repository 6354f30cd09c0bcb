import { describeNetworkAgent } from '@patchpanel/agent-api/suite';
import { LocalNetworkAgent } from './local-network-agent.ts';
import { makeAgentWorld, quietLogger } from './testing/agent-world.ts';

describeNetworkAgent('LocalNetworkAgent', async () => {
  const world = await makeAgentWorld();
  const { model } = world.service;
  const start = () =>
    LocalNetworkAgent.start({
      hostName: 'host-1',
      stateDir: world.stateDir,
      providers: world.providers,
      networkService: world.client(),
      logger: quietLogger,
      retry: { firstMilliseconds: 20, mostMilliseconds: 200 },
    });
  let agent = await start();
  return {
    get agent() {
      return agent;
    },
    plug: async (vnic) => void model.plug(vnic, { macAddress: vnic.macAddress }),
    unplug: async (key) => model.unplug(key),
    bindElsewhere: async (key) => model.bindElsewhere(key),
    bindingStatus: async (key) => model.binding(key)?.status,
    cutOff: () => world.service.stop(),
    reconnect: () => world.service.resume(),
    breakWiring: (key) => world.breakWiring(key),
    restart: async () => {
      await agent.close();
      await world.reload();
      agent = await start();
    },
    close: async () => {
      await agent.close();
      await world.close();
    },
  };
});
