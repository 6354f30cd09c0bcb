export * from './errors.ts';
export * from './fence.ts';
export * from './host.ts';
export * from './json.ts';
export * from './registry.ts';
export * from './server.ts';
export * from './version.ts';
