// Generated from openapi/dist/agent.json by `npm run generate`. Do not edit.
export * from './models/index.ts';
export * from './problem-codes.ts';
