export * from './HostsApi.ts';
export * from './InstancesApi.ts';
export * from './VNICsApi.ts';
