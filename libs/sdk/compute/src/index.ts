export { ComputeClient } from './client.ts';
export type {
  Host,
  Instance,
  InstanceInput,
  InstanceStatus,
  PowerState,
  Vnic,
  VnicInput,
  VnicPatch,
} from './generated/models/index.ts';
export { Hosts, type HostQuery } from './hosts.ts';
export { Instances, type InstanceQuery } from './instances.ts';
export { isComputeProblem, type ComputeProblem, type ComputeProblemCode } from './problems.ts';
export { Vnics, type VnicQuery } from './vnics.ts';
