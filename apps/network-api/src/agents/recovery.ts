import { commonProblem, type Problem } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import type { Parts } from '../parts.ts';
import { endRecovery, noteRecovery, readRecovery, selectOwing } from './recovery-store.ts';

/** So many hosts are named. */
const hostsNamed = 10;
const retryAfterSeconds = 5;

type RecoveryParts = Pick<Parts, 'agentSilenceSeconds'>;

/**
 * Throws `service-unavailable` as long as hosts may have wired addresses that this database, which was restored from a backup,
 * takes for free: call it in the transaction that gives out addresses, before it writes. One statement by primary keys.
 */
export async function refuseWhileRecovering(trx: Knex, parts: RecoveryParts): Promise<void> {
  const problem = await recoveryProblem(trx, parts);
  if (problem) throw problem;
}

/** The same as a value, for batches. */
export async function recoveryProblem(trx: Knex, parts: RecoveryParts): Promise<Problem | undefined> {
  const recovery = await readRecovery(trx, parts.agentSilenceSeconds);
  if (recovery.is_over) return undefined;
  const owing = await selectOwing(trx, recovery.epoch, hostsNamed + 1);
  if (!recovery.is_young && owing.length === 0) return undefined;
  return commonProblem('service-unavailable', inWords(owing, parts.agentSilenceSeconds), {
    headers: { 'retry-after': String(retryAfterSeconds) },
  });
}

/** Notes that the recovery of this epoch has begun, or that it is over. */
export async function followRecovery(
  { database }: Pick<Parts, 'database'>,
  parts: RecoveryParts,
): Promise<void> {
  const recovery = await readRecovery(database.knex, parts.agentSilenceSeconds);
  if (recovery.is_over) return;
  await noteRecovery(database.knex);
  if (recovery.is_young || (await selectOwing(database.knex, recovery.epoch, 1)).length > 0) return;
  await endRecovery(database.knex, recovery.epoch);
}

function inWords(owing: readonly string[], silenceSeconds: number): string {
  const reason = 'The database was restored from a backup, and no address is given out before';
  if (owing.length === 0) {
    return `${reason} all hosts had ${silenceSeconds} s to say what they have wired. Try again in a moment.`;
  }
  const named = owing.slice(0, hostsNamed).join(', ');
  const more = owing.length > hostsNamed ? ', …' : '';
  return (
    `${reason} these hosts have said what they have wired: ${named}${more}. ` +
    'Start their agents; fence those that are gone for good.'
  );
}
