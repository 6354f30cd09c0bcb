import type { NewEvent } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { touchAttachment } from '../attachments/store.ts';
import { portEvent } from '../ports/events.ts';
import { onlyRow, queryRows } from '../rows.ts';

/** What becomes of a port by what a host does with its attachment. */
export interface BoundPortChange {
  readonly status: 'plugged' | 'building' | 'active' | 'error';
  readonly statusReason?: string | null;
}

/**
 * Notes on a locked port how its attachment is realised, and gives the event. Bound to a host, it has no lease that runs; when it
 * is bound to none (`plugged`), its lease begins anew.
 */
export async function changeBoundPort(
  trx: Knex,
  portId: string,
  { status, statusReason = null }: BoundPortChange,
): Promise<NewEvent> {
  await touchAttachment(trx, portId);
  const rows = await queryRows<{ id: string; project_id: string; revision: number }>(
    trx,
    `update ports
     set
       status = cast(:status as text),
       status_reason = :statusReason,
       was_ever_bound = true,
       lease_expires_at = case
         when cast(:status as text) = 'plugged' then now() + make_interval(secs => lease_seconds)
       end,
       lease_warned_at = null,
       revision = revision + 1,
       updated_at = now()
     where id = :portId
     returning id, project_id, revision`,
    { portId, status, statusReason },
  );
  return portEvent(onlyRow(rows), 'updated');
}

/** Notes on locked ports that a host has wired them, if only unbeknown to this database: their addresses rest once they lose them. */
export async function noteEverBound(trx: Knex, portIds: readonly string[]): Promise<void> {
  if (portIds.length === 0) return;
  await queryRows(
    trx,
    'update ports set was_ever_bound = true where id = any(cast(:portIds as uuid[])) and not was_ever_bound',
    { portIds },
  );
}
