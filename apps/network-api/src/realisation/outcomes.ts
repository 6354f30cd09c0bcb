import { appendEvents, inTransaction } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { networkEvent } from '../networks/events.ts';
import { removeNetwork } from '../networks/removal.ts';
import type { NetworkRow } from '../networks/store.ts';
import type { Parts } from '../parts.ts';
import { restAllocations } from '../pools/store.ts';
import { lockQuotas } from '../quotas/store.ts';
import type { Claim } from './claims.ts';
import {
  deleteRealisation,
  endClaim,
  lockNetwork,
  updateNetworkStatus,
  type Outcome,
  type RealisationRow,
} from './store.ts';

/** What of the service's parts noting an outcome takes. */
export type OutcomeParts = Pick<Parts, 'database' | 'addressRestSeconds'>;

/**
 * Notes what became of an attempt, on the network's realisation and, where that is visible, on the network, in one transaction.
 * False, with nothing changed, when the claim has run out and somebody else has taken over: their outcome counts.
 */
export function noteOutcome(
  parts: OutcomeParts,
  claim: Claim,
  outcome: Outcome,
  publicReason?: string,
): Promise<boolean> {
  return inTransaction(parts.database, (trx) =>
    claim.order.verb === 'remove' && outcome.kind === 'realised'
      ? noteRemoved(parts, trx, claim, claim.order.network.projectId)
      : noteAttempt(trx, claim, outcome, publicReason),
  );
}

async function noteAttempt(
  trx: Knex.Transaction,
  claim: Claim,
  outcome: Outcome,
  publicReason: string | undefined,
): Promise<boolean> {
  const network = await lockNetwork(trx, claim.networkId, false);
  const row = await endClaim(trx, claim.networkId, claim.id, outcome);
  if (!row) return false;
  if (!network) return true;
  const now = statusAfter(network, claim, row, outcome, publicReason);
  // How far it has been realised is visible, too.
  const isFurther = outcome.kind === 'realised' && row.desired === 'present';
  if (!isFurther && now.status === network.status && now.status_reason === network.status_reason) return true;
  await appendEvents(trx, [networkEvent(await updateNetworkStatus(trx, network.id, now), 'updated')]);
  return true;
}

function statusAfter(
  { status, status_reason }: NetworkRow,
  claim: Claim,
  { desired, generation }: RealisationRow,
  outcome: Outcome,
  publicReason = '',
): Pick<NetworkRow, 'status' | 'status_reason'> {
  const unchanged = { status, status_reason };
  if (outcome.kind === 'interrupted') return unchanged;
  if (desired === 'absent') {
    const isAboutRemoval = outcome.kind === 'failed' && claim.order.verb === 'remove';
    return isAboutRemoval ? { status, status_reason: publicReason } : unchanged;
  }
  if (outcome.kind === 'failed') return { status: 'error', status_reason: publicReason };
  return generation > claim.generation ? unchanged : { status: 'active', status_reason: null };
}

async function noteRemoved(
  parts: OutcomeParts,
  trx: Knex.Transaction,
  claim: Claim,
  projectId: string,
): Promise<boolean> {
  await lockQuotas(trx, 'networks', [projectId]);
  const network = await lockNetwork(trx, claim.networkId, true);
  if (!(await deleteRealisation(trx, claim.networkId, claim.id))) return false;
  if (!network) return true;
  await restAllocations(trx, network.id, parts.addressRestSeconds);
  await appendEvents(trx, await removeNetwork(trx, network));
  return true;
}
