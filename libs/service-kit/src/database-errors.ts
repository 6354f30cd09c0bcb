import { isRecord } from './opaque.ts';
import type { Problem } from './problem.ts';

/** Constraint violations that a caller can cause: unique, exclusion, foreign key, check. */
const violationCodes = new Set(['23505', '23P01', '23503', '23514']);

/**
 * Out of reach or overloaded for now: connection exceptions, shutdown and start-up, no room (connections, memory, disk), a
 * standby that takes no writes, what our session's time limits cut short, and what lost against others on every try.
 */
const outOfReachSqlStates = /^(08...|57P0[1-5]|53...|25006)$/;
const overtakenSqlStates = /^(57014|25P0[34]|55P03|40001|40P01)$/;
const unavailableSystemCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The SQLSTATE (or system error code) of an error, where it has one. */
export function errorCode(error: unknown): string | undefined {
  return isRecord(error) && typeof error['code'] === 'string' ? error['code'] : undefined;
}

/** The name of the constraint that a statement violated, or undefined when the error is something else. */
export function violatedConstraint(error: unknown): string | undefined {
  const code = errorCode(error);
  if (code === undefined || !violationCodes.has(code) || !isRecord(error)) return undefined;
  return typeof error['constraint'] === 'string' ? error['constraint'] : undefined;
}

/**
 * Runs a statement (or several) and turns the violation of a named constraint into its problem:
 * `await mapConstraint({ ports_pkey: () => problem('id-taken', '…') }, () => insertPort(trx, port))`.
 * Any other error passes unchanged. The transaction is aborted by then: let the problem leave it.
 */
export async function mapConstraint<T>(
  problems: Readonly<Record<string, (error: Error) => Problem>>,
  work: () => PromiseLike<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const constraint = violatedConstraint(error);
    const make = constraint === undefined ? undefined : problems[constraint];
    if (make && error instanceof Error) throw make(error);
    throw error;
  }
}

/** True when the database could not be reached, has no room, is going down, or others were in the way: worth another try later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = errorCode(error);
  const isOvertaken = error instanceof Error && code !== undefined && overtakenSqlStates.test(code);
  return isOvertaken || isDatabaseOutOfReach(error);
}

/** True when whatever else is asked of the database now would fail, too. */
export function isDatabaseOutOfReach(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'KnexTimeoutError') return true;
  const code = errorCode(error);
  if (code !== undefined && outOfReachSqlStates.test(code)) return true;
  if (code !== undefined && unavailableSystemCodes.has(code)) return isConnectionAttempt(error);
  if (code === 'ERR_STREAM_DESTROYED') return true;
  // pg, knex and its pool raise these without a code, knex behind the text of the query.
  return /(?:^| - )(?:Connection terminated|Client has encountered a connection error|Client was closed|Unable to acquire a connection|Connection ended|Query read timeout|(?:timeout expired|aborted)$)/.test(
    error.message,
  );
}

/** Only a socket's own failure counts; a file that is missing (ENOENT of open) is a bug, not an outage. */
function isConnectionAttempt(error: Error): boolean {
  if (error instanceof AggregateError) return true;
  const call = 'syscall' in error ? error.syscall : undefined;
  return call === 'connect' || call === 'read' || call === 'write' || call === 'getaddrinfo';
}
