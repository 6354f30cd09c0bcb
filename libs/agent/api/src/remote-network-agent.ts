import type {
  AgentStatus,
  CheckResult,
  CheckResults,
  CollectResult,
  EnsureItem,
  RemoveItem,
  VnicKey,
  Wiring,
  WiringList,
  WiringResult,
  WiringResults,
} from '@patchpanel/contract-agent';
import { AgentCallError } from './agent-call-error.ts';
import type { NetworkAgent } from './network-agent.ts';
import { SocketTransport } from './socket-transport.ts';

/** The most items that one request may carry, by the agent API. */
const itemsPerRequest = 100;

export interface RemoteNetworkAgentOptions {
  /** Path of the agent's unix socket. */
  readonly socketPath: string;
  /** Longest wait for the answer to one request, in milliseconds. Wiring many vNICs takes its time. Default 60,000. */
  readonly deadlineMilliseconds?: number;
}

/**
 * The agent of this host over its unix socket. Connections are kept alive and opened again as needed: an agent that was
 * restarted is simply used again. Larger batches than one request may carry are split, and run one after another.
 */
export class RemoteNetworkAgent implements NetworkAgent {
  readonly #transport: SocketTransport;

  constructor(options: RemoteNetworkAgentOptions) {
    this.#transport = new SocketTransport(options.socketPath, options.deadlineMilliseconds ?? 60_000);
  }

  ensure(items: readonly EnsureItem[], signal?: AbortSignal): Promise<WiringResult[]> {
    return inBatches(items, async (batch) => {
      const { results } = await this.#post<WiringResults>('ensure', { items: batch.map(ensureItem) }, signal);
      return results;
    });
  }

  remove(items: readonly RemoveItem[], signal?: AbortSignal): Promise<WiringResult[]> {
    return inBatches(items, async (batch) => {
      const { results } = await this.#post<WiringResults>('remove', { items: batch.map(removeItem) }, signal);
      return results;
    });
  }

  check(keys: readonly VnicKey[], signal?: AbortSignal): Promise<CheckResult[]> {
    return inBatches(keys, async (batch) => {
      const { results } = await this.#post<CheckResults>('check', { items: batch.map(vnicKey) }, signal);
      return results;
    });
  }

  async list(signal?: AbortSignal): Promise<Wiring[]> {
    const { items } = await this.#transport.call<WiringList>(
      { method: 'GET', path: '/v1/wirings', answerHas: 'items' },
      signal,
    );
    return items;
  }

  async gc(
    valid: readonly VnicKey[],
    options: { readonly dryRun?: boolean } = {},
    signal?: AbortSignal,
  ): Promise<VnicKey[]> {
    const body = { valid: valid.map(vnicKey), dryRun: options.dryRun ?? false };
    const { removed } = await this.#transport.call<CollectResult>(
      { method: 'POST', path: '/v1/wirings/gc', body, answerHas: 'removed' },
      signal,
    );
    return removed;
  }

  status(signal?: AbortSignal): Promise<AgentStatus> {
    return this.#transport.call<AgentStatus>(
      { method: 'GET', path: '/v1/status', answerHas: 'providers' },
      signal,
    );
  }

  /** Closes the kept connections. Calls under way end with `connection-lost`. */
  close(): void {
    this.#transport.close();
  }

  #post<Answer>(verb: string, body: unknown, signal: AbortSignal | undefined): Promise<Answer> {
    return this.#transport.call<Answer>(
      { method: 'POST', path: `/v1/wirings/${verb}`, body, answerHas: 'results' },
      signal,
    );
  }
}

// Callers may hand over objects that hold more; the API takes what it knows, and refuses the rest.

function vnicKey({ projectId, vnicId }: VnicKey): VnicKey {
  return { projectId, vnicId };
}

function removeItem(item: RemoveItem): RemoveItem {
  return { ...vnicKey(item), placement: item.placement };
}

function ensureItem(item: EnsureItem): EnsureItem {
  const { macAddress, device, networkData } = item;
  return { ...removeItem(item), macAddress, device, ...(networkData === undefined ? {} : { networkData }) };
}

async function inBatches<Item, Result>(
  items: readonly Item[],
  call: (batch: readonly Item[]) => Promise<Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += itemsPerRequest) {
    const batch = items.slice(start, start + itemsPerRequest);
    const answers = await call(batch);
    if (answers.length !== batch.length) {
      throw new AgentCallError(
        'invalid-answer',
        `The agent answered ${answers.length} results to ${batch.length} items.`,
      );
    }
    results.push(...answers);
  }
  return results;
}
