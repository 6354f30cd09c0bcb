import type { NetworkAgent } from '@patchpanel/agent-api';
import type { CheckRequest, CollectRequest, EnsureRequest, RemoveRequest } from '@patchpanel/contract-agent';
import { commonProblem, localOperation, type OperationHandlers } from '@patchpanel/service-kit';

/** The agent's operations on the socket: each is one call of the agent. */
export function agentOperations(agent: NetworkAgent): OperationHandlers {
  return {
    listWirings: localOperation(async ({ signal }) => {
      const items = await unlessAborted(signal, () => agent.list(signal));
      return { status: 200, body: { items } };
    }),
    ensureWirings: localOperation<{ body: EnsureRequest }>(async ({ body, signal }) => {
      const results = await unlessAborted(signal, () => agent.ensure(body.items, signal));
      return { status: 200, body: { results } };
    }),
    removeWirings: localOperation<{ body: RemoveRequest }>(async ({ body, signal }) => {
      const results = await unlessAborted(signal, () => agent.remove(body.items, signal));
      return { status: 200, body: { results } };
    }),
    checkWirings: localOperation<{ body: CheckRequest }>(async ({ body, signal }) => {
      const results = await unlessAborted(signal, () => agent.check(body.items, signal));
      return { status: 200, body: { results } };
    }),
    collectWirings: localOperation<{ body: CollectRequest }>(async ({ body, signal }) => {
      const options = { dryRun: body.dryRun ?? false };
      const removed = await unlessAborted(signal, () => agent.gc(body.valid, options, signal));
      return { status: 200, body: { removed } };
    }),
    getAgentStatus: localOperation(async ({ signal }) => {
      return { status: 200, body: await unlessAborted(signal, () => agent.status(signal)) };
    }),
  };
}

/** The agent stops, or the caller left: no failure of the agent. */
async function unlessAborted<Answer>(signal: AbortSignal, work: () => Promise<Answer>): Promise<Answer> {
  try {
    signal.throwIfAborted();
    return await work();
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw commonProblem(
      'service-unavailable',
      'The network agent is stopping. Ask again when it has started.',
      {
        cause,
        headers: { 'retry-after': '2' },
      },
    );
  }
}
