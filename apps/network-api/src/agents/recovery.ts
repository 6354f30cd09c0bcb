import { commonProblem, type Problem } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import type { Parts } from '../parts.ts';
import { endRecovery, noteRecovery, readRecovery, selectOwing } from './recovery-store.ts';

/** So many hosts are named. */
const hostsNamed = 10;
const retryAfterSeconds = 5;

/**
 * The problem `service-unavailable`, as long as hosts may have wired addresses that this database, which was restored from a
 * backup, takes for free: to be asked in the transaction that gives out addresses. One statement by primary keys, as a rule.
 */
export async function recoveryProblem(connection: Knex): Promise<Problem | undefined> {
  const recovery = await readRecovery(connection);
  if (recovery.is_over) return undefined;
  const owing = await selectOwing(connection, recovery.epoch, hostsNamed + 1);
  if (!recovery.is_young && owing.length === 0) return undefined;
  return commonProblem('service-unavailable', inWords(owing), {
    headers: { 'retry-after': String(retryAfterSeconds) },
  });
}

/** Throws that problem, if there is one. */
export async function refuseWhileRecovering(connection: Knex): Promise<void> {
  const problem = await recoveryProblem(connection);
  if (problem) throw problem;
}

/** Notes that the recovery of this epoch has begun, or that it is over. */
export async function followRecovery({
  database,
  agentSilenceSeconds,
}: Pick<Parts, 'database' | 'agentSilenceSeconds'>): Promise<void> {
  const recovery = await readRecovery(database.knex);
  if (recovery.is_over) return;
  await noteRecovery(database.knex, agentSilenceSeconds);
  if (recovery.is_young || (await selectOwing(database.knex, recovery.epoch, 1)).length > 0) return;
  await endRecovery(database.knex, recovery.epoch);
}

function inWords(owing: readonly string[]): string {
  const reason = 'The database was restored from a backup, and no address is given out before';
  if (owing.length === 0) {
    return `${reason} all hosts have had time to say what they have wired. Try again in a moment.`;
  }
  const named = owing.slice(0, hostsNamed).join(', ');
  const more = owing.length > hostsNamed ? ', …' : '';
  return (
    `${reason} these hosts have said what they have wired: ${named}${more}. ` +
    'Start their agents; fence those that are gone for good.'
  );
}
