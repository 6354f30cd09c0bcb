import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { authorise, type Action } from '../authorisation.ts';
import { problem } from '../problems.ts';
import { lockVnic, selectVnic, type VnicRow } from './store.ts';

/** The caller's vNIC, locked when it is to be changed. Throws `vnic-not-found`, whether it is another project's or nobody's. */
export async function lookUpVnic(
  connection: Knex,
  caller: UserCaller,
  action: Action,
  id: string,
): Promise<VnicRow> {
  authorise(caller, action);
  const find = action === 'read' ? selectVnic : lockVnic;
  const row = await find(connection, caller.projectId, id);
  if (!row) throw problem('vnic-not-found', `The project has no vNIC ${id}.`);
  return row;
}
