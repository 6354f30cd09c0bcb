import { RemoteNetworkAgent } from '@patchpanel/agent-api';
import { describeNetworkAgent } from '@patchpanel/agent-api/suite';
import { makeDaemonWorld } from './testing/daemon-world.ts';

describeNetworkAgent('RemoteNetworkAgent with the daemon', async () => {
  const world = await makeDaemonWorld();
  const { model } = world.service;
  const agent = new RemoteNetworkAgent({ socketPath: world.settings.socket });
  return {
    agent,
    plug: async (vnic) => void model.plug(vnic, { macAddress: vnic.macAddress }),
    unplug: async (key) => model.unplug(key),
    bindElsewhere: async (key) => model.bindElsewhere(key),
    bindingStatus: async (key) => model.binding(key)?.status,
    cutOff: () => world.service.stop(),
    reconnect: () => world.service.resume(),
    breakWiring: (key) => world.breakWiring(key),
    restart: () => world.restart(),
    close: async () => {
      agent.close();
      await world.close();
    },
  };
});
