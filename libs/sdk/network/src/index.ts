export { Attachments, type PluggableVnic } from './attachments.ts';
export { NetworkClient } from './client.ts';
export type {
  AdminState,
  AllocationPool,
  Attachment,
  AttachmentInput,
  BindingSummary,
  FixedIp,
  FixedIpInput,
  Network,
  NetworkInput,
  NetworkPatch,
  NetworkShare,
  Port,
  PortInput,
  PortStatus,
  Subnet,
  SubnetInput,
  SubnetPatch,
  SubnetUsage,
} from './generated/models/index.ts';
export { Networks, type NetworkQuery } from './networks.ts';
export { Ports, type PortQuery } from './ports.ts';
export { isNetworkProblem, type NetworkProblem, type NetworkProblemCode } from './problems.ts';
export { Subnets, type SubnetQuery } from './subnets.ts';
