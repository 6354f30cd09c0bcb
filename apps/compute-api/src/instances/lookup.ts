import type { UserCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { authorise, type Action } from '../authorisation.ts';
import { problem } from '../problems.ts';
import { lockInstanceOfProject, selectInstance, type InstanceRowWithVnics } from './store.ts';

/** The caller's instance, locked when it is to be changed. Throws `instance-not-found`, whether it is another project's or nobody's. */
export async function lookUpInstance(
  connection: Knex,
  caller: UserCaller,
  action: Action,
  id: string,
): Promise<InstanceRowWithVnics> {
  authorise(caller, action);
  const find = action === 'read' ? selectInstance : lockInstanceOfProject;
  const row = await find(connection, caller.projectId, id);
  if (!row) throw problem('instance-not-found', `The project has no instance ${id}.`);
  return row;
}
