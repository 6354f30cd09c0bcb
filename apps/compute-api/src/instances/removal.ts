import type { Knex } from 'knex';
import type { NewEvent } from '@patchpanel/service-kit';
import { givePlaceBack } from '../hosts/store.ts';
import { vnicEvent } from '../vnics/representation.ts';
import { freeVnicsOfInstance } from '../vnics/store.ts';
import { assignmentEvents, instanceEvent } from './representation.ts';
import { deleteInstanceRow, type InstanceRow } from './store.ts';

/**
 * Removes an instance whose row is locked: frees its vNICs, deletes it, gives its place on a host back. Gives the events to
 * append, last of all.
 */
export async function removeInstance(trx: Knex.Transaction, instance: InstanceRow): Promise<NewEvent[]> {
  const vnics = await freeVnicsOfInstance(trx, instance.id);
  await deleteInstanceRow(trx, instance.id);
  if (instance.host_name !== null) await givePlaceBack(trx, instance.host_name);
  return [
    ...vnics.map((vnic) => vnicEvent(vnic, 'updated')),
    instanceEvent(instance, 'deleted'),
    ...assignmentEvents(instance, 'deleted'),
  ];
}
