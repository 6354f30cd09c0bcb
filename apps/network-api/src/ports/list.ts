import type { AdminState, PortList, PortStatus } from '@patchpanel/contract-network';
import {
  pageClauses,
  queryRows,
  readPageRequest,
  toPage,
  type PageRequest,
  type SortOrder,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { formatIp, parseIp } from '../addresses/ip.ts';
import type { Parts } from '../parts.ts';
import { invalidRequest } from '../problems.ts';
import { normaliseTags, tagClauses } from '../tags/store.ts';
import { portJoins, portViewColumns, type PortView } from './store.ts';
import { toPort } from './wire.ts';

/** Which of a project's ports are wanted: those that fit all that is given. */
export interface PortFilters {
  readonly networkId?: string;
  readonly vnicId?: string;
  readonly status?: PortStatus;
  readonly adminState?: AdminState;
  readonly macAddress?: string;
  readonly ipAddress?: string;
  readonly hostName?: string;
  readonly securityGroupId?: string;
  readonly leaseExpiresBefore?: string;
  readonly name?: string;
}

export interface PortQuery extends PortFilters {
  readonly limit?: number;
  readonly pageToken?: string;
  readonly sort?: SortOrder;
  readonly tag?: readonly string[];
}

/** Lists the project's ports. */
export async function listPorts(
  { database }: Parts,
  { projectId }: UserCaller,
  { limit, pageToken, sort, tag, ...filters }: PortQuery,
): Promise<PortList> {
  const read = readFilters(filters);
  const tags = normaliseTags(tag);
  const page = readPageRequest({ limit, pageToken, sort }, { projectId, tags, ...read });
  return toPage(await selectPorts(database.knex, projectId, tags, read, page), page, toPort);
}

/** Brings filters to the one spelling of what they look for. */
function readFilters({ ipAddress, macAddress, ...filters }: PortFilters): PortFilters {
  if (ipAddress !== undefined && filters.networkId === undefined) {
    throw invalidRequest([
      {
        pointer: '/query/networkId',
        detail: 'must be given with ipAddress: networks have the same addresses',
      },
    ]);
  }
  const ip = ipAddress === undefined ? undefined : parseIp(ipAddress);
  if (ip && !ip.isValid) throw invalidRequest([{ pointer: '/query/ipAddress', detail: ip.reason }]);
  return {
    ...filters,
    ...(ip ? { ipAddress: formatIp(ip.value.version, ip.value.value) } : {}),
    ...(macAddress === undefined ? {} : { macAddress: macAddress.toLowerCase() }),
  };
}

/** How each filter is put, and what it looks in beside the ports, their attachments and bindings. */
const conditionOf: Readonly<Record<keyof PortFilters, string>> = {
  networkId: 'ports.network_id = :networkId',
  vnicId: 'attachments.project_id = :projectId and attachments.vnic_id = :vnicId',
  status: 'ports.status = :status',
  adminState: 'ports.admin_state = :adminState',
  macAddress:
    'attachments.project_id = :projectId and attachments.mac_address = cast(:macAddress as macaddr)',
  ipAddress: `ports.id in (
    select port_addresses.port_id
    from subnets
    join port_addresses on port_addresses.subnet_id = subnets.id
    where subnets.network_id = :networkId
    and port_addresses.address = cast(:ipAddress as inet)
  )`,
  hostName: 'bindings.project_id = :projectId and bindings.host_name = :hostName',
  securityGroupId: 'members.security_group_id = :securityGroupId',
  // A moment is told to the millisecond: the rest of it counts as before.
  leaseExpiresBefore:
    "ports.lease_expires_at < cast(:leaseExpiresBefore as timestamptz) + interval '1 millisecond'",
  name: 'ports.name = :name',
};

/**
 * One page of a project's ports. Served by an index that begins with a filter and goes on in the order of the page: ports_network,
 * ports_name, ports_status, bindings_project_host, port_security_groups_members, tagged_resources; a vNIC, a MAC address or an IP
 * address finds its one port by attachments_vnic, attachments_project_mac or port_addresses_address; leases go by ports_lease; all
 * else by ports_project.
 */
function selectPorts(
  connection: Knex,
  projectId: string,
  tags: readonly string[],
  filters: PortFilters,
  page: PageRequest,
): Promise<PortView[]> {
  const tagged = tagClauses('port', 'ports', projectId, tags);
  const { condition, order, bindings } = pageClauses(page, { id: tagged.idColumn, name: 'ports.name' });
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  const conditions = Object.entries(conditionOf).flatMap(([name, text]) =>
    given.some(([filter]) => filter === name) ? [text] : [],
  );
  return queryRows<PortView>(
    connection,
    `select ${portViewColumns}
     from ports
     ${portJoins}
     ${filters.securityGroupId === undefined ? '' : 'join port_security_groups as members on members.port_id = ports.id'}
     ${tagged.join}
     where ${['ports.project_id = :projectId', ...tagged.conditions, ...conditions, condition].join('\n     and ')}
     order by ${order}
     limit :pageLimit`,
    { projectId, ...tagged.bindings, ...Object.fromEntries(given), ...bindings },
  );
}
