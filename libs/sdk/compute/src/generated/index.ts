// Generated from openapi/dist/compute.json by `npm run generate`. Do not edit.
export * from './runtime.ts';
export * from './apis/index.ts';
export * from './models/index.ts';
export * from './problem-codes.ts';
