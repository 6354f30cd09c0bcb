import type { GroupMember, GroupMemberList, GroupRules } from '@patchpanel/contract-network-southbound';
import { readPageRequest, toPage, type PageQuery, type ServiceCaller } from '@patchpanel/service-kit';
import { formatIp, storedIp } from '../addresses/ip.ts';
import type { Parts } from '../parts.ts';
import { southboundProblem } from '../southbound/problems.ts';
import { findGroupRules, selectMembers, type MemberRow } from './host-store.ts';
import { addressesOfMember } from './members.ts';
import { toMatch } from './rules.ts';

/** So many addresses a page has at most, as the document says: it ends with a port before that. */
const mostAddresses = 5_000;

/** Gives the rules of a group that a live binding of the caller's host uses. */
export async function getGroupRules(
  { database }: Pick<Parts, 'database'>,
  caller: ServiceCaller,
  id: string,
): Promise<GroupRules> {
  const row = await findGroupRules(database.knex, caller.host, id);
  if (!row) throw noGroup(id);
  return {
    id: row.id,
    projectId: row.project_id,
    rules: row.rules.map((rule) => ({
      direction: rule.direction,
      etherType: rule.ether_type,
      ...(rule.protocol === null ? {} : { protocol: rule.protocol }),
      ...toMatch(rule),
    })),
    revision: row.revision,
    membersRevision: row.members_revision,
  };
}

/** Lists the addresses of the members of such a group. All of a page are of one moment, which `membersRevision` names. */
export async function listGroupMembers(
  { database }: Pick<Parts, 'database'>,
  caller: ServiceCaller,
  id: string,
  query: PageQuery,
): Promise<GroupMemberList> {
  const page = readPageRequest(query, { host: caller.host, group: id.toLowerCase() });
  const rows = await selectMembers(database.knex, caller.host, id, page);
  const [first] = rows;
  if (!first) throw noGroup(id);
  const ports = rows.flatMap(toPort);
  const limit = countThatFit(ports.slice(0, page.limit));
  const { items, nextPageToken } = toPage(ports, { ...page, limit }, ({ members }) => members);
  return {
    items: items.flat(),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
    membersRevision: first.members_revision,
  };
}

interface MemberPort {
  readonly id: string;
  readonly members: readonly GroupMember[];
}

function toPort({
  port_id: portId,
  fixed_ips: fixedIps,
  allowed_address_pairs: pairs,
}: MemberRow): MemberPort[] {
  if (portId === null) return [];
  const addresses = addressesOfMember({
    fixedIps: fixedIps.map((address) => {
      const { version, value } = storedIp(address);
      return { ipAddress: formatIp(version, value) };
    }),
    allowedAddressPairs: pairs ?? [],
  });
  return [{ id: portId, members: addresses.map((ipAddress) => ({ portId, ipAddress })) }];
}

/** How many of the ports a page takes, at least one. */
export function countThatFit(ports: readonly Pick<MemberPort, 'members'>[]): number {
  let left = mostAddresses;
  const tooMany = ports.findIndex(({ members }) => (left -= members.length) < 0);
  return Math.max(1, tooMany === -1 ? ports.length : tooMany);
}

function noGroup(id: string): Error {
  return southboundProblem(
    'security-group-not-found',
    `No binding of this host uses a security group ${id}.`,
  );
}
