export { createApiApp, type ApiApp, type ApiAppOptions } from './app.ts';
export {
  apiSettings,
  checkApiSettings,
  databaseLocationOf,
  keySourceOf,
  type ApiSettingsOptions,
} from './api-settings.ts';
export {
  authorize,
  localAuthenticator,
  tokenAuthenticator,
  type Authenticator,
  type TokenPolicy,
} from './auth.ts';
export {
  hasRole,
  roleLadder,
  serviceScopes,
  type Caller,
  type LocalCaller,
  type Role,
  type ServiceCaller,
  type ServiceScope,
  type UserCaller,
} from './caller.ts';
export { createTogether, writeTogether, type Batch, type Repeatable } from './batch.ts';
export { canonicalJson } from './canonical-json.ts';
export { coalesce, outcomeOf, type CoalescingOptions, type Outcome } from './coalescing.ts';
export { commonProblem, commonProblemCodes, type CommonProblemCode } from './common-problems.ts';
export {
  ConfigurationError,
  describeConfig,
  listenSetting,
  loadConfig,
  loadConfigOrExit,
  type LoadOptions,
} from './config.ts';
export { created, createOnce } from './creation.ts';
export { isDatabaseUnavailable, mapConstraint, violatedConstraint } from './database-errors.ts';
export {
  databaseFlags,
  isToMigrate,
  migrateAndExit,
  openDatabase,
  type Database,
  type DatabaseLocation,
  type DatabaseOptions,
} from './database.ts';
export { measureDatabase } from './database-metrics.ts';
export { docsAssetFiles } from './docs-page.ts';
export { readDocument, type ApiDocument, type Operation } from './document.ts';
export {
  epochFlags,
  isEpochToBeRaised,
  raiseEpoch,
  raiseEpochAndExit,
  readIdentity,
  type DatabaseIdentity,
} from './epoch.ts';
export {
  currentCursor,
  readEvents,
  type EventBatch,
  type FeedEvent,
  type ReadEventsOptions,
} from './event-feed.ts';
export type { AudienceQuery, EventFilter } from './event-filter.ts';
export { answerEvents, type AnswerEventsOptions, type FeedQuery } from './event-stream.ts';
export { announceAfterCommit, appendEvents, forgetEvents, type NewEvent } from './events.ts';
export { lockFolder } from './folder-lock.ts';
export { isHostName } from './host-name.ts';
export { startHousekeeping } from './housekeeping.ts';
export { idempotently, removeExpiredIdempotencyRecords, type IdempotencyClaim } from './idempotency.ts';
export { openKeys, type KeySource } from './keys.ts';
export { createLifetime, type Lifetime } from './lifetime.ts';
export { createLogger, silentLogger, type Logger } from './logger.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export type { Migration } from './migrate.ts';
export { kitMigrations } from './migrations.ts';
export {
  localOperation,
  serviceOperation,
  userOperation,
  type OperationHandlers,
  type OperationRequest,
  type OperationResponse,
  type RegisteredOperation,
  type RequestShape,
} from './operations.ts';
export {
  pageClauses,
  readPageRequest,
  selectPage,
  sortOrders,
  toPage,
  type Page,
  type PageClauses,
  type PageColumns,
  type PageQuery,
  type PageRequest,
  type SortOrder,
} from './pages.ts';
export { checkIfMatch, entityTag } from './preconditions.ts';
export {
  defineProblems,
  Problem,
  type FieldError,
  type ProblemDefinition,
  type ProblemDocument,
  type ProblemExtras,
  type ProblemFactory,
} from './problem.ts';
export { identifyProcess, type ProcessIdentity } from './process-identity.ts';
export { repeat, type Repetition, type RepetitionOptions } from './repetition.ts';
export { listen, parseListenAddress, type ListenAddress, type Listener } from './server.ts';
export { serve, type Side } from './serving.ts';
export { queryRows, queryWideRows, type Bindings } from './statements.ts';
export { afterCommit, inTransaction, type TransactionOptions } from './transactions.ts';
