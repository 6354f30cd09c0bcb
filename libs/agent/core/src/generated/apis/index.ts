export * from './AttachmentsApi.ts';
export * from './BindingsApi.ts';
export * from './ChangesApi.ts';
