import type { Agent, AgentProvider, AgentStatus } from '@patchpanel/contract-network';
import type { PageRequest } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { nothingToConfirm } from '../addresses/store.ts';
import { onlyRow, queryRows } from '../rows.ts';

/** The agent of a host, as it was last heard of. `id` is the host's name: the key of lists. */
export interface AgentRow {
  readonly id: string;
  readonly host_name: string;
  readonly status: AgentStatus;
  readonly version: string | null;
  readonly providers: readonly AgentProvider[];
  readonly binding_count: number;
  readonly fenced_at: string | null;
  readonly fence_reason: string | null;
  readonly revision: number;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
}

/** What an agent says of itself. */
export interface AgentWord {
  readonly version: string;
  readonly providers: readonly AgentProvider[];
}

/** Counts are served by bindings_host and stray_wirings_host. */
const selectWholeAgents = `
  select
    host_name as id,
    host_name,
    case
      when fenced_at is not null then 'fenced'
      when last_seen_at < clock_timestamp() - make_interval(secs => cast(:silenceSeconds as double precision))
        then 'silent'
      else 'alive'
    end as status,
    version,
    providers,
    (
      select count(*)
      from bindings
      where bindings.host_name = agents.host_name
      and superseded_by is null
    ) + (
      select count(*)
      from stray_wirings
      where stray_wirings.host_name = agents.host_name
    ) as binding_count,
    fenced_at,
    fence_reason,
    revision,
    first_seen_at,
    last_seen_at
  from agents`;

/** Served by the primary key. */
export async function findAgent(
  connection: Knex,
  hostName: string,
  silenceSeconds: number,
): Promise<AgentRow | undefined> {
  const rows = await queryRows<AgentRow>(connection, `${selectWholeAgents} where host_name = :hostName`, {
    hostName,
    silenceSeconds,
  });
  return rows[0];
}

/** One page of agents by the names of their hosts. Served by the primary key; a status is told from each row. */
export function selectAgents(
  connection: Knex,
  status: AgentStatus | undefined,
  page: PageRequest,
  silenceSeconds: number,
): Promise<AgentRow[]> {
  return queryRows<AgentRow>(
    connection,
    `select *
     from (${selectWholeAgents}) as heard
     where host_name > :after
     and (cast(:status as text) is null or status = :status)
     order by host_name
     limit :pageLimit`,
    { silenceSeconds, status: status ?? null, after: page.after ?? '', pageLimit: page.limit + 1 },
  );
}

/**
 * Locks an agent's row against fencing, unfencing and forgetting, and against those who enter the host; false when there is none.
 * The row comes before all others but idempotency keys and quotas.
 */
export async function lockAgent(trx: Knex, hostName: string): Promise<boolean> {
  const rows = await queryRows(trx, 'select host_name from agents where host_name = :hostName for update', {
    hostName,
  });
  return rows.length > 0;
}

/**
 * Enters a host, so that it can't be fenced before the transaction ends, and says whether it is. One that was never heard of is
 * known from now on. Many may be in at once, and none of them waits for a report of the agent.
 */
export async function enterHost(trx: Knex, hostName: string): Promise<{ readonly isFenced: boolean }> {
  const enter = () =>
    queryRows<{ is_fenced: boolean }>(
      trx,
      `select fenced_at is not null as is_fenced
       from agents
       where host_name = :hostName
       for key share`,
      { hostName },
    );
  const [known] = await enter();
  if (known) return { isFenced: known.is_fenced };
  await queryRows(
    trx,
    `insert into agents (host_name, holdings_epoch)
     select :hostName, ${ownEpochOfNewHost}
     from database_identity
     on conflict (host_name) do nothing`,
    { hostName },
  );
  return { isFenced: onlyRow(await enter()).is_fenced };
}

/**
 * A host that is first heard of in a database that was never restored has nothing that is not known. After a restore it may
 * have been known before: it is to say what it has.
 */
const ownEpochOfNewHost = 'case when epoch = 1 then 1 else 0 end';

/** Notes that an agent lives, and what it says of itself. Its revision rises only when that is something new. */
export async function noteReport(trx: Knex, hostName: string, word: AgentWord): Promise<void> {
  await queryRows(
    trx,
    `insert into agents (host_name, version, providers, holdings_epoch)
     select :hostName, :version, cast(:providers as jsonb), ${ownEpochOfNewHost}
     from database_identity
     on conflict (host_name) do update
       set
         last_seen_at = clock_timestamp(),
         version = excluded.version,
         providers = excluded.providers,
         revision = agents.revision + case
           when (agents.version, agents.providers) is distinct from (excluded.version, excluded.providers) then 1
           else 0
         end`,
    { hostName, version: word.version, providers: JSON.stringify(word.providers) },
  );
}

/** What the service wants of a host's agent. A fenced host is asked nothing; one with strays says again and again what it has. */
export async function readWish(
  connection: Knex,
  hostName: string,
): Promise<{ readonly epoch: number; readonly is_fenced: boolean; readonly awaits_holdings: boolean }> {
  const rows = await queryRows<{ epoch: number; is_fenced: boolean; awaits_holdings: boolean }>(
    connection,
    `select
       epoch,
       fenced_at is not null as is_fenced,
       fenced_at is null and (
         holdings_epoch < epoch
         or exists (select from stray_wirings where stray_wirings.host_name = agents.host_name)
       ) as awaits_holdings
     from agents
     cross join database_identity
     where host_name = :hostName`,
    { hostName },
  );
  return onlyRow(rows);
}

/** Fences a locked agent, or lifts its fence (undefined). After that it is to say anew what it has. */
export async function setFence(trx: Knex, hostName: string, reason: string | undefined): Promise<void> {
  await queryRows(
    trx,
    `update agents
     set
       fenced_at = case when cast(:reason as text) is null then null else coalesce(fenced_at, clock_timestamp()) end,
       fence_reason = :reason,
       holdings_epoch = 0,
       revision = revision + 1
     where host_name = :hostName`,
    { hostName, reason: reason ?? null },
  );
}

/** Whether nothing was heard of a host's agent for so long. By primary key. */
export async function isSilent(connection: Knex, hostName: string, silenceSeconds: number): Promise<boolean> {
  const rows = await queryRows(
    connection,
    `select host_name
     from agents
     where host_name = :hostName
     and last_seen_at < clock_timestamp() - make_interval(secs => cast(:silenceSeconds as double precision))`,
    { hostName, silenceSeconds },
  );
  return rows.length > 0;
}

/** Removes a locked agent, with what is left of a host that is gone. */
export async function deleteAgent(trx: Knex, hostName: string): Promise<void> {
  await queryRows(trx, 'delete from bindings where host_name = :hostName', { hostName });
  await queryRows(trx, 'delete from agents where host_name = :hostName', { hostName });
}

/**
 * Fenced hosts from which bindings are yet to be taken, because whoever began it did not come to the end, or for which addresses
 * wait, because their port was deleted by somebody who did not see the fence yet. Served by agents_fenced, bindings_host and
 * resting_addresses_waiting.
 */
export async function selectUnfinishedFences(connection: Knex): Promise<string[]> {
  const rows = await queryRows<{ host_name: string }>(
    connection,
    `select host_name
     from agents
     where fenced_at is not null
     and (
       exists (
         select
         from bindings
         where bindings.host_name = agents.host_name
         and superseded_by is null
         and desired = 'present'
       )
       or exists (select from stray_wirings where stray_wirings.host_name = agents.host_name)
       or exists (
         select
         from bindings as ended
         join resting_addresses on resting_addresses.port_id = ended.port_id and resting_addresses.rest_until is null
         where ended.host_name = agents.host_name
         and ${nothingToConfirm}
       )
     )
     order by host_name`,
  );
  return rows.map(({ host_name: hostName }) => hostName);
}

/** As on the wire. */
export function toAgent(row: AgentRow): Agent {
  return {
    hostName: row.host_name,
    status: row.status,
    ...(row.version === null ? {} : { version: row.version }),
    providers: [...row.providers],
    bindingCount: row.binding_count,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    ...(row.fenced_at === null ? {} : { fencedAt: row.fenced_at }),
    ...(row.fence_reason === null ? {} : { fenceReason: row.fence_reason }),
    revision: row.revision,
  };
}
