export { localDevices, type Devices } from './devices.ts';
export { LocalNetworkAgent, type LocalNetworkAgentOptions } from './local-network-agent.ts';
export {
  NetworkServiceError,
  type NetworkService,
  type NetworkServiceErrorCode,
  type Reachability,
} from './network-service.ts';
export { silentObserver, type AgentObserver } from './observer.ts';
export { purge } from './purge.ts';
export type { RetryTiming } from './retries.ts';
export { createSouthboundClient, type SouthboundClientOptions } from './southbound-client.ts';
export { TokenFile, TokenFileError } from './token-file.ts';
