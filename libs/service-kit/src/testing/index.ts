export { exampleRequests, type ExampleRequest } from './example-requests.ts';
export { recordingAgent, type CoverageRecord, type RecordingAgent } from './recording-agent.ts';
export { responseChecker, type ObservedResponse, type ResponseChecker } from './response-checker.ts';
export { openStream, type StreamMessage, type StreamReader } from './stream-reader.ts';
export {
  dropTestTemplates,
  testDatabase,
  testEngine,
  type TestDatabase,
  type TestDatabaseOptions,
} from './test-database.ts';
export { exerciseStandardProblems, type StandardProblemOptions } from './standard-problems.ts';
export { mintTokens, type ServiceTokenOptions, type TestIssuer, type UserTokenOptions } from './tokens.ts';
