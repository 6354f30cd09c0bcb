export { AgentCallError, type AgentCallErrorCode } from './agent-call-error.ts';
export type { NetworkAgent } from './network-agent.ts';
export { RemoteNetworkAgent, type RemoteNetworkAgentOptions } from './remote-network-agent.ts';
