export * from './AttachmentsApi.ts';
export * from './NetworksApi.ts';
export * from './PortsApi.ts';
export * from './SubnetsApi.ts';
