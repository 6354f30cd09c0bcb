export * from './AgentApi.ts';
export * from './AttachmentsApi.ts';
export * from './BindingsApi.ts';
export * from './ChangesApi.ts';
export * from './SecurityGroupsApi.ts';
