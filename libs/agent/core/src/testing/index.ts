export { makeAgentWorld, quietLogger, type AgentWorld } from './agent-world.ts';
export { NetworkModel, type PlugOptions } from './network-model.ts';
export { startSouthboundServer, type SouthboundServer } from './southbound-server.ts';
