export * from './AssignmentsApi.ts';
export * from './HostApi.ts';
