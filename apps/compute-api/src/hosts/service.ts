import type { Host, HostList } from '@patchpanel/contract-compute';
import type { HostRegistration, RegisteredHost } from '@patchpanel/contract-compute-southbound';
import {
  afterCommit,
  appendEvents,
  inTransaction,
  isHostName,
  readPageRequest,
  toPage,
  type ServiceCaller,
  type UserCaller,
} from '@patchpanel/service-kit';
import { authorise } from '../authorisation.ts';
import { silentAfterSeconds, type Parts, type PlacementParts } from '../parts.ts';
import { problem, southboundProblem } from '../problems.ts';
import { hostEvent, presentHost } from './representation.ts';
import {
  insertHost,
  markSilentHosts,
  selectHost,
  selectHosts,
  updateHeartbeat,
  updateRegistration,
} from './store.ts';

/** One page of the installation's hosts, by name. */
export async function listHosts(
  parts: Parts,
  caller: UserCaller,
  query: { limit?: number; pageToken?: string },
): Promise<HostList> {
  authorise(caller, 'operate');
  const page = readPageRequest(query, { list: 'hosts' }, { isKey: isHostName });
  const rows = await selectHosts(parts.database.knex, page, silentAfterSeconds(parts));
  return toPage(rows, page, presentHost);
}

export async function getHost(parts: Parts, caller: UserCaller, name: string): Promise<Host> {
  authorise(caller, 'operate');
  const row = await selectHost(parts.database.knex, name, silentAfterSeconds(parts));
  if (!row) throw problem('host-not-found', `There is no host ${name}.`);
  return presentHost(row);
}

/** Makes the calling host known, or brings what is known of it up to date; counts as a heartbeat. */
export async function registerHost(
  parts: Parts,
  caller: ServiceCaller,
  registration: HostRegistration,
): Promise<RegisteredHost> {
  const name = caller.host;
  const said = { name, driver: registration.driver, instance_capacity: registration.instanceCapacity };
  await inTransaction(parts.database, async (trx) => {
    const inserted = await insertHost(trx, said);
    const { host, isNews } = inserted
      ? { host: inserted, isNews: true }
      : await updateRegistration(trx, said);
    if (isNews) await appendEvents(trx, [hostEvent(host, inserted ? 'created' : 'updated')]);
    afterCommit(trx, parts.wakePlacement);
  });
  return { name, heartbeatSeconds: parts.heartbeatSeconds };
}

/** Notes that the calling host is alive. Throws `host-not-registered` when it is not known. */
export async function sendHeartbeat(parts: Parts, caller: ServiceCaller): Promise<void> {
  await inTransaction(parts.database, async (trx) => {
    const heard = await updateHeartbeat(trx, caller.host);
    if (!heard) throw hostNotRegistered(caller.host);
    if (heard.wasSilent) await appendEvents(trx, [hostEvent(heard.host, 'updated')]);
    afterCommit(trx, parts.wakePlacement);
  });
}

/** Tells of hosts that have fallen silent since the last look. */
export async function noticeSilentHosts(parts: PlacementParts): Promise<void> {
  await inTransaction(parts.database, async (trx) => {
    const silent = await markSilentHosts(trx, silentAfterSeconds(parts));
    await appendEvents(
      trx,
      silent.map((host) => hostEvent(host, 'updated')),
    );
  });
}

/** What a host is told that has not registered. */
export function hostNotRegistered(name: string): Error {
  return southboundProblem(
    'host-not-registered',
    `Host ${name} is not known: register it first (registerHost).`,
  );
}
