import type {
  Binding,
  BindingClaim,
  BindingList,
  BindingReport,
  DesiredAttachment,
} from '@patchpanel/contract-network-southbound';
import {
  appendEvents,
  currentCursor,
  inTransaction,
  readIdentity,
  readPageRequest,
  toPage,
  type NewEvent,
  type ServiceCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { lockWaitingAddresses, startRest } from '../addresses/store.ts';
import { enterHost, isSilent } from '../agents/store.ts';
import { findStrayInTheWay } from '../agents/stray-store.ts';
import { findAttachmentOfVnic, type AttachmentRow } from '../attachments/store.ts';
import type { Parts } from '../parts.ts';
import { lockPorts } from '../ports/store.ts';
import { southboundProblem } from '../southbound/problems.ts';
import { changeBoundPort } from './bound-port.ts';
import { describeAttachments } from './desired.ts';
import { bindingEvent } from './events.ts';
import { relieveHosts, wasRelieved } from './relief.ts';
import { findWiringRevision, raiseWiringRevision } from './wiring-revision.ts';
import {
  deleteBindings,
  findBinding,
  findLiveBinding,
  inheritSuperseded,
  insertBinding,
  lockBinding,
  lockBindingOfVnic,
  notePlacement,
  selectBindings,
  selectSuperseded,
  updateBinding,
  type BindingRow,
} from './store.ts';

/** All statements see one moment. */
const oneSnapshot = { isolation: 'repeatable read' } as const;

/** A plug can move while its port is being locked; then it is looked for again, so many times. */
const lockAttempts = 5;

/** Gives an attachment that no host, or the caller's, realises. */
export function resolveAttachment(
  parts: Parts,
  caller: ServiceCaller,
  projectId: string,
  vnicId: string,
): Promise<DesiredAttachment> {
  return inTransaction(
    parts.database,
    async (trx) => {
      const attachment = await findAttachmentOfVnic(trx, projectId, vnicId);
      const live = attachment && (await findLiveBinding(trx, attachment.port_id));
      if (!attachment || (live && live.host_name !== caller.host)) throw noAttachment(projectId, vnicId);
      if (!live && (await wasRelieved(trx, caller.host, attachment, undefined))) {
        throw noAttachment(projectId, vnicId);
      }
      const { epoch } = await readIdentity(trx);
      const desired = await describeAttachments(trx, parts.providers, epoch, [attachment.port_id]);
      const found = desired.get(attachment.port_id);
      if (!found) throw new Error('an attachment is there without its port');
      return found;
    },
    oneSnapshot,
  );
}

/** Lists the host's bindings. The cursor is of the same moment as the rows. */
export function listBindings(
  parts: Parts,
  caller: ServiceCaller,
  query: { readonly limit?: number; readonly pageToken?: string },
): Promise<BindingList> {
  const page = readPageRequest(query, { host: caller.host });
  return inTransaction(
    parts.database,
    async (trx) => {
      const cursor = await currentCursor(trx);
      const rows = await selectBindings(trx, caller.host, page);
      const toItem = await bindingWriter(parts, trx, rows);
      return { ...toPage(rows, page, toItem), cursor };
    },
    oneSnapshot,
  );
}

/** Gives one of the host's bindings. */
export function getBinding(parts: Parts, caller: ServiceCaller, id: string): Promise<Binding> {
  return inTransaction(
    parts.database,
    async (trx) => {
      const row = await findBinding(trx, caller.host, id);
      if (!row || row.superseded_by !== null) throw noBinding(id);
      return describeBinding(parts, trx, row);
    },
    oneSnapshot,
  );
}

/**
 * Binds an attachment to the caller's host; `isNew` is false when it was bound there already. What the host still has of an
 * earlier plug of the same vNIC is superseded: it need not be released on its own. A placement older than any that the vNIC
 * was ever claimed with, by whichever host, is refused. From a host whose agent is silent the attachment is taken, for a newer
 * placement; what a host was relieved of by force it does not get back before it is plugged, or the machine placed, anew.
 */
export function claimBinding(
  parts: Parts,
  caller: ServiceCaller,
  claim: BindingClaim,
): Promise<{ binding: Binding; isNew: boolean }> {
  return inTransaction(parts.database, async (trx) => {
    await refuseFenced(trx, caller);
    const { attachment, live, relief } = await takeFromSilent(
      parts,
      trx,
      caller,
      claim,
      await lockAttachment(trx, claim.projectId, claim.vnicId),
    );
    const newest = await notePlacement(trx, claim.projectId, claim.vnicId, claim.placement);
    if (claim.placement < newest) throw stalePlacement(newest, claim.placement);
    checkClaim(caller, claim, attachment, live);
    if (!live) await refuseInTheWay(trx, caller, claim, attachment);
    const last = await lockBindingOfVnic(trx, claim.projectId, claim.vnicId, caller.host);
    if (live && live.placement === claim.placement) {
      return { binding: await describeBinding(parts, trx, live), isNew: false };
    }
    const events: NewEvent[] = [];
    const id = live?.id ?? newId();
    if (last && !live) {
      events.push(bindingEvent(await updateBinding(trx, last.id, { superseded_by: id }), 'deleted'));
      await inheritSuperseded(trx, last.id, id);
    }
    const row = live
      ? await updateBinding(trx, id, { placement: claim.placement, ...unproven })
      : await insertBinding(trx, newBinding(id, caller, claim, attachment));
    // What the host has wired for the older placement proves nothing of the newer.
    if (live) await raiseWiringRevision(trx, row.port_id);
    events.push(bindingEvent(row, live ? 'updated' : 'created'));
    events.unshift(await changeBoundPort(trx, row.port_id, { status: 'building' }));
    const binding = await describeBinding(parts, trx, row);
    await appendEvents(trx, [...relief, ...events]);
    return { binding, isNew: !live };
  });
}

/**
 * Notes how the wiring stands. A report that says nothing new changes nothing. `active` also confirms that the wirings which
 * this one has superseded are gone; and, where it names the revision that was wired, that no address is left on the host
 * which the port does not have any more.
 */
export function reportBindingStatus(
  parts: Parts,
  caller: ServiceCaller,
  id: string,
  report: BindingReport,
): Promise<Binding> {
  return inTransaction(parts.database, async (trx) => {
    await refuseFenced(trx, caller);
    const { row, superseded, portIds } = await lockWiring(trx, caller, id);
    if (!row) throw noBinding(id);
    await checkFence(trx, row, report);
    if (report.status === 'active' && superseded.length > 0) {
      await confirmGone(parts, trx, portIds, superseded);
    }
    if (isSaid(row, report)) return describeBinding(parts, trx, row);
    const change = {
      status: report.status,
      status_reason: report.statusReason ?? null,
      is_proven: isProof(report),
      device_name: report.deviceName ?? null,
    };
    const changed = await updateBinding(trx, id, change);
    if (change.is_proven) await startRest(trx, portIds, parts.addressRestSeconds);
    const events = [bindingEvent(changed, 'updated')];
    if (row.desired === 'present') {
      const { status, status_reason: statusReason } = change;
      events.unshift(await changeBoundPort(trx, row.port_id, { status, statusReason }));
    }
    const binding = await describeBinding(parts, trx, changed);
    await appendEvents(trx, events);
    return binding;
  });
}

/**
 * Ends a binding of which nothing is left on the host, with those that it had superseded. Does nothing when there is none.
 * An attachment that is still plugged may then be bound anywhere; addresses of a port that is gone begin their rest.
 */
export function releaseBinding(
  parts: Parts,
  caller: ServiceCaller,
  id: string,
  placement: number | undefined,
): Promise<void> {
  return inTransaction(parts.database, async (trx) => {
    const { row, superseded, portIds } = await lockWiring(trx, caller, id);
    if (!row) return;
    if (placement !== undefined && placement < row.placement) throw stalePlacement(row.placement, placement);
    await confirmGone(parts, trx, portIds, [row, ...superseded]);
    const events: NewEvent[] = [];
    if (row.desired === 'present')
      events.push(await changeBoundPort(trx, row.port_id, { status: 'plugged' }));
    // Of one that is superseded the host has been told.
    if (row.superseded_by === null)
      events.push(bindingEvent({ ...row, revision: row.revision + 1 }, 'deleted'));
    await appendEvents(trx, events);
  });
}

/** A status that no report has confirmed. */
const unproven = { status: 'building', status_reason: null, device_name: null } as const;

/** Finds what the vNIC is plugged into, and locks that port. */
async function lockAttachment(trx: Knex, projectId: string, vnicId: string): Promise<AttachmentRow> {
  for (let attempt = 1; attempt <= lockAttempts; attempt++) {
    const seen = await findAttachmentOfVnic(trx, projectId, vnicId);
    if (!seen) break;
    await lockPorts(trx, [seen.port_id]);
    const attachment = await findAttachmentOfVnic(trx, projectId, vnicId);
    if (attachment?.port_id === seen.port_id) return attachment;
  }
  throw noAttachment(projectId, vnicId);
}

/**
 * Locks a binding of the host with the ports that it and the bindings which it has superseded concern, and with the
 * addresses of those ports that are gone.
 */
async function lockWiring(
  trx: Knex,
  caller: ServiceCaller,
  id: string,
): Promise<{ row: BindingRow | undefined; superseded: BindingRow[]; portIds: string[] }> {
  const seen = await findBinding(trx, caller.host, id);
  if (!seen) return { row: undefined, superseded: [], portIds: [] };
  const concerned = [seen, ...(await selectSuperseded(trx, id))];
  const portIds = [...new Set(concerned.map(({ port_id: portId }) => portId))];
  await lockPorts(trx, portIds);
  await lockWaitingAddresses(trx, portIds);
  const row = await lockBinding(trx, caller.host, id);
  return { row, superseded: row ? await selectSuperseded(trx, id) : [], portIds };
}

async function confirmGone(
  parts: Parts,
  trx: Knex,
  portIds: readonly string[],
  rows: readonly BindingRow[],
): Promise<void> {
  await deleteBindings(
    trx,
    rows.map(({ id }) => id),
  );
  await startRest(trx, portIds, parts.addressRestSeconds);
}

/** A fenced host counts as dead: nothing of it can be proven. The host can't be fenced before this transaction ends. */
async function refuseFenced(trx: Knex, caller: ServiceCaller): Promise<void> {
  const { isFenced } = await enterHost(trx, caller.host);
  if (!isFenced) return;
  throw southboundProblem(
    'host-fenced',
    `An operator has fenced host ${caller.host}: it may bind nothing until the fence is lifted.`,
  );
}

/**
 * Gives what realises a locked attachment. When that is another host, of whose agent nothing was heard for too long, and the claim
 * is for a newer placement, the attachment is taken from it: its generation rises.
 */
async function takeFromSilent(
  parts: Parts,
  trx: Knex,
  caller: ServiceCaller,
  claim: BindingClaim,
  attachment: AttachmentRow,
): Promise<{ attachment: AttachmentRow; live: BindingRow | undefined; relief: readonly NewEvent[] }> {
  const live = await findLiveBinding(trx, attachment.port_id);
  const isTakeable =
    live !== undefined &&
    live.host_name !== caller.host &&
    claim.placement > live.placement &&
    claim.macAddress.toLowerCase() === attachment.mac_address &&
    (await isSilent(trx, live.host_name, parts.agentSilenceSeconds));
  if (!isTakeable) return { attachment, live, relief: [] };
  const { events } = await relieveHosts(trx, [live]);
  const taken = await findAttachmentOfVnic(trx, claim.projectId, claim.vnicId);
  if (!taken) throw new Error('a locked attachment is gone');
  return { attachment: taken, live: undefined, relief: events };
}

/** What keeps an attachment that no host realises from being bound here all the same. */
async function refuseInTheWay(
  trx: Knex,
  caller: ServiceCaller,
  claim: BindingClaim,
  attachment: AttachmentRow,
): Promise<void> {
  if (await wasRelieved(trx, caller.host, attachment, claim.placement)) {
    throw noAttachment(claim.projectId, claim.vnicId);
  }
  const stray = await findStrayInTheWay(trx, caller.host, attachment);
  if (!stray) return;
  throw southboundProblem(
    'bound-elsewhere',
    stray.vnic_id === attachment.vnic_id
      ? `Host ${stray.host_name} says that it realises a plug of the vNIC which is not known since the database was restored. ` +
          'It must take that down, or be fenced, first.'
      : `Host ${stray.host_name} says that it has an address of the port wired for another vNIC (${stray.vnic_id}), which is ` +
          'not known since the database was restored. It must take that down, or be fenced, first.',
  );
}

function checkClaim(
  caller: ServiceCaller,
  claim: BindingClaim,
  attachment: AttachmentRow,
  live: BindingRow | undefined,
): void {
  if (live && live.host_name !== caller.host) {
    throw southboundProblem(
      'bound-elsewhere',
      'Another host realises the attachment. It must release it before it can be bound here.',
    );
  }
  if (claim.macAddress.toLowerCase() !== attachment.mac_address) {
    throw southboundProblem(
      'mac-mismatch',
      `The vNIC was plugged in with MAC address ${attachment.mac_address}, not ${claim.macAddress.toLowerCase()}. ` +
        'Unplug it and plug it in with the right one.',
    );
  }
}

async function checkFence(trx: Knex, row: BindingRow, report: BindingReport): Promise<void> {
  const { epoch } = await readIdentity(trx);
  if (row.superseded_by === null && report.epoch === epoch && report.generation === row.generation) {
    return refuseOutdatedProof(trx, row, report);
  }
  throw southboundProblem(
    'stale-generation',
    row.superseded_by === null
      ? `The binding is of epoch ${epoch}, generation ${row.generation}, not epoch ${report.epoch}, generation ${report.generation}.`
      : `The host has bound a newer generation of the attachment, by binding ${row.superseded_by}.`,
  );
}

/** What was wired may have changed while the host was at it: `active` is taken only of what is to be wired now. */
async function refuseOutdatedProof(trx: Knex, row: BindingRow, report: BindingReport): Promise<void> {
  if (report.status !== 'active' || report.revision === undefined || row.desired === 'absent') return;
  const revision = await findWiringRevision(trx, row.port_id);
  if (revision === undefined || report.revision >= revision) return;
  throw southboundProblem(
    'stale-generation',
    `Revision ${revision} of the attachment is to be wired, not ${report.revision}.`,
  );
}

/** Whether a report names the wiring that it proves. */
function isProof({ status, revision }: BindingReport): boolean {
  return status === 'active' && revision !== undefined;
}

function isSaid(row: BindingRow, report: BindingReport): boolean {
  return (
    row.status === report.status &&
    (row.is_proven || !isProof(report)) &&
    row.status_reason === (report.statusReason ?? null) &&
    row.device_name === (report.deviceName ?? null)
  );
}

function newBinding(id: string, caller: ServiceCaller, claim: BindingClaim, attachment: AttachmentRow) {
  return {
    id,
    project_id: attachment.project_id,
    vnic_id: attachment.vnic_id,
    port_id: attachment.port_id,
    network_id: attachment.network_id,
    host_name: caller.host,
    generation: attachment.generation,
    placement: claim.placement,
  };
}

async function describeBinding(parts: Parts, connection: Knex, row: BindingRow): Promise<Binding> {
  const write = await bindingWriter(parts, connection, [row]);
  return write(row);
}

/** Reads what writing these bindings takes, and gives the function that writes one. */
async function bindingWriter(
  { providers }: Parts,
  connection: Knex,
  rows: readonly BindingRow[],
): Promise<(row: BindingRow) => Binding> {
  const { epoch } = await readIdentity(connection);
  const portIds = rows.filter(({ desired }) => desired === 'present').map(({ port_id: portId }) => portId);
  const attachments = await describeAttachments(connection, providers, epoch, portIds);
  return (row) => {
    const attachment = row.desired === 'present' ? attachments.get(row.port_id) : undefined;
    return {
      id: row.id,
      projectId: row.project_id,
      vnicId: row.vnic_id,
      generation: row.generation,
      epoch,
      placement: row.placement,
      desired: row.desired,
      ...(attachment ? { attachment } : {}),
      status: row.status,
      ...(row.status_reason === null ? {} : { statusReason: row.status_reason }),
      ...(row.device_name === null ? {} : { deviceName: row.device_name }),
      revision: row.revision,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  };
}

function noAttachment(projectId: string, vnicId: string): Error {
  return southboundProblem(
    'attachment-not-found',
    `Project ${projectId} has no vNIC ${vnicId} plugged in that this host may realise.`,
  );
}

function noBinding(id: string): Error {
  return southboundProblem('binding-not-found', `This host has no binding ${id}.`);
}

function stalePlacement(known: number, given: number): Error {
  return southboundProblem(
    'stale-placement',
    `Placement ${known} of the vNIC's machine is known here, which is newer than ${given}.`,
  );
}
