import type { Knex } from 'knex';
import { selectPage, type PageRequest } from '@patchpanel/service-kit';
import type { InstanceRow } from '../instances/store.ts';

/** An instance on the host, by primary key; locks nothing. */
export async function selectAssigned(
  connection: Knex,
  hostName: string,
  instanceId: string,
): Promise<InstanceRow | undefined> {
  return connection<InstanceRow>('instances').where({ id: instanceId, host_name: hostName }).first();
}

/** An instance on the host, by primary key; locks the row until the transaction ends. */
export async function lockAssigned(
  trx: Knex,
  hostName: string,
  instanceId: string,
): Promise<InstanceRow | undefined> {
  return trx<InstanceRow>('instances').where({ id: instanceId, host_name: hostName }).forUpdate().first();
}

/** The host's instances. Served by instances_host. */
export async function selectAllAssigned(
  connection: Knex,
  hostName: string,
  page: PageRequest,
): Promise<InstanceRow[]> {
  return selectPage(connection<InstanceRow>('instances').where('host_name', hostName), page);
}
