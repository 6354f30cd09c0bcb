import type { AgentStatus, FenceInput } from '@patchpanel/contract-network';
import type { AgentReport, HoldingsReport } from '@patchpanel/contract-network-southbound';
import { serviceOperation, userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { reportHoldings } from './holdings.ts';
import {
  fenceHost,
  forgetAgent,
  getAgent,
  listAgentBindings,
  listAgents,
  releaseAgentBindings,
  reportAgent,
  unfenceHost,
} from './service.ts';

interface HostPath {
  readonly hostName: string;
}

interface PageQuery {
  readonly limit?: number;
  readonly pageToken?: string;
}

/** What operators see of agents and do with hosts. */
export function agentOperations(parts: Parts): OperationHandlers {
  return {
    listAgents: userOperation<{ query: PageQuery & { readonly status?: AgentStatus } }>(
      async ({ query }) => ({
        status: 200,
        body: await listAgents(parts, query),
      }),
    ),
    getAgent: userOperation<{ params: HostPath }>(async ({ params }) => ({
      status: 200,
      body: await getAgent(parts, params.hostName),
    })),
    forgetAgent: userOperation<{ params: HostPath }>(async ({ params, ifMatch }) => {
      await forgetAgent(parts, params.hostName, ifMatch);
      return { status: 204 };
    }),
    fenceHost: userOperation<{ params: HostPath; body: FenceInput }>(async ({ params, body }) => ({
      status: 200,
      body: await fenceHost(parts, params.hostName, body),
    })),
    unfenceHost: userOperation<{ params: HostPath }>(async ({ params }) => {
      await unfenceHost(parts, params.hostName);
      return { status: 204 };
    }),
    listAgentBindings: userOperation<{ params: HostPath; query: PageQuery }>(async ({ params, query }) => ({
      status: 200,
      body: await listAgentBindings(parts, params.hostName, query),
    })),
    releaseAgentBindings: userOperation<{ params: HostPath }>(async ({ params }) => ({
      status: 200,
      body: await releaseAgentBindings(parts, params.hostName),
    })),
  };
}

/** What agents say of themselves and of their hosts. */
export function agentReportOperations(parts: Parts): OperationHandlers {
  return {
    reportAgent: serviceOperation<{ body: AgentReport }>(async ({ body, caller }) => ({
      status: 200,
      body: await reportAgent(parts, caller, body),
    })),
    reportHoldings: serviceOperation<{ body: HoldingsReport }>(async ({ body, caller }) => {
      await reportHoldings(parts, caller, body);
      return { status: 204 };
    }),
  };
}
