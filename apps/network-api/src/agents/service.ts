import type {
  Agent,
  AgentList,
  AgentStatus,
  BindingRelease,
  FenceInput,
  HostBindingList,
} from '@patchpanel/contract-network';
import type { AgentReceipt, AgentReport } from '@patchpanel/contract-network-southbound';
import {
  checkIfMatch,
  inTransaction,
  readPageRequest,
  toPage,
  type ServiceCaller,
} from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { lockWaitingAddresses, startRest } from '../addresses/store.ts';
import type { Parts } from '../parts.ts';
import { lockPorts } from '../ports/store.ts';
import { problem } from '../problems.ts';
import { emptyHost, releaseAll } from './fencing.ts';
import { selectHostBindings, selectPortsOfHost, toHostBinding } from './host-bindings.ts';
import { noteRecovery } from './recovery-store.ts';
import {
  deleteAgent,
  findAgent,
  lockAgent,
  noteReport,
  readWish,
  selectAgents,
  setFence,
  toAgent,
  type AgentRow,
} from './store.ts';

const isHostName = (key: string) => /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(key);

/** Lists the agents that were ever heard of, by the names of their hosts. */
export async function listAgents(
  { database, agentSilenceSeconds }: Parts,
  query: { readonly limit?: number; readonly pageToken?: string; readonly status?: AgentStatus },
): Promise<AgentList> {
  const page = readPageRequest(query, { status: query.status ?? null }, { isKey: isHostName });
  return toPage(await selectAgents(database.knex, query.status, page, agentSilenceSeconds), page, toAgent);
}

/** Gives one agent. */
export async function getAgent(parts: Parts, hostName: string): Promise<Agent> {
  return toAgent(await lookUp(parts, parts.database.knex, hostName));
}

/** Removes the agent of a host that is gone for good, with what is left of a fenced one. */
export async function forgetAgent(
  parts: Parts,
  hostName: string,
  ifMatch: string | undefined,
): Promise<void> {
  const { status, revision } = await lookUp(parts, parts.database.knex, hostName);
  checkIfMatch(ifMatch, revision);
  if (status === 'fenced') await emptyHost(parts, hostName);
  return inTransaction(parts.database, async (trx) => {
    const agent = await lookUpLocked(parts, trx, hostName);
    checkIfMatch(ifMatch, agent.revision);
    if (agent.status !== 'fenced' && agent.binding_count > 0) {
      throw problem(
        'agent-in-use',
        `Host ${hostName} has ${agent.binding_count} bindings. Release them, and let its agent confirm; or fence the host.`,
      );
    }
    const portIds = await selectPortsOfHost(trx, hostName);
    await lockPorts(trx, portIds);
    await lockWaitingAddresses(trx, portIds);
    await deleteAgent(trx, hostName);
    await startRest(trx, portIds, parts.addressRestSeconds);
  });
}

/**
 * Fences a host: from now on nothing is bound to it, and what was is taken from it. Fencing it again finishes what was begun, and
 * otherwise only changes the reason.
 */
export async function fenceHost(parts: Parts, hostName: string, { reason }: FenceInput): Promise<Agent> {
  await inTransaction(parts.database, async (trx) => {
    const agent = await lookUpLocked(parts, trx, hostName);
    if (agent.status !== 'fenced' || agent.fence_reason !== reason) await setFence(trx, hostName, reason);
  });
  await emptyHost(parts, hostName);
  return getAgent(parts, hostName);
}

/** Lifts a host's fence. What was taken from it stays to be taken down, and it is to say anew what it has. */
export function unfenceHost(parts: Parts, hostName: string): Promise<void> {
  return inTransaction(parts.database, async (trx) => {
    const agent = await lookUpLocked(parts, trx, hostName);
    if (agent.status === 'fenced') await setFence(trx, hostName, undefined);
  });
}

/** Lists what is, or may still be, realised on a host. */
export async function listAgentBindings(
  parts: Parts,
  hostName: string,
  query: { readonly limit?: number; readonly pageToken?: string },
): Promise<HostBindingList> {
  const page = readPageRequest(query, { host: hostName });
  await lookUp(parts, parts.database.knex, hostName);
  return toPage(await selectHostBindings(parts.database.knex, hostName, page), page, toHostBinding);
}

/** Takes all attachments from a host without asking it, so that others may have them. */
export async function releaseAgentBindings(parts: Parts, hostName: string): Promise<BindingRelease> {
  await lookUp(parts, parts.database.knex, hostName);
  return { releasedCount: await releaseAll(parts, hostName) };
}

/** Notes that an agent lives, and says what is wanted of it. */
export function reportAgent(parts: Parts, caller: ServiceCaller, report: AgentReport): Promise<AgentReceipt> {
  return inTransaction(parts.database, async (trx) => {
    await noteReport(trx, caller.host, report);
    const wish = await readWish(trx, caller.host);
    await noteRecovery(trx, parts.agentSilenceSeconds);
    return {
      epoch: wish.epoch,
      heartbeatSeconds: parts.agentHeartbeatSeconds,
      isFenced: wish.is_fenced,
      awaitsHoldings: wish.awaits_holdings,
    };
  });
}

async function lookUpLocked(parts: Parts, trx: Knex, hostName: string): Promise<AgentRow> {
  await lockAgent(trx, hostName);
  return lookUp(parts, trx, hostName);
}

/** Gives the agent of a host; operators alone get here, so there is nothing to hide. */
async function lookUp(parts: Parts, connection: Knex, hostName: string): Promise<AgentRow> {
  const agent = await findAgent(connection, hostName, parts.agentSilenceSeconds);
  if (!agent) throw problem('agent-not-found', `No agent of a host ${hostName} was ever heard of.`);
  return agent;
}
