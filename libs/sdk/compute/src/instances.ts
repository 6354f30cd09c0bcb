import {
  callInit,
  deleteOnce,
  isProblem,
  keyOf,
  matchOf,
  paginate,
  waitFor,
  type CallOptions,
  type ChangeOptions,
  type CreateOptions,
  type ItemList,
  type WaitOptions,
} from '@patchpanel/sdk-core';
import { InstancesApi, type ListInstancesRequest } from './generated/apis/InstancesApi.ts';
import type { Instance, InstanceInput } from './generated/models/index.ts';
import type { Configuration } from './generated/runtime.ts';

/** Which instances to list. */
export type InstanceQuery = Omit<ListInstancesRequest, 'pageToken'>;

/** Machines. */
export class Instances {
  readonly #api: InstancesApi;

  constructor(configuration: Configuration) {
    this.#api = new InstancesApi(configuration);
  }

  /**
   * Boots a machine with the given vNICs as its network cards, in this order.
   *
   * ```ts
   * const instance = await compute.instances.create({ name: 'web-1', vnicIds: [vnic.id] });
   * await compute.instances.waitUntilRunning(instance.id, { timeoutMs: 30_000 });
   * ```
   */
  create(input: InstanceInput = {}, options: CreateOptions = {}): Promise<Instance> {
    return this.#api.createInstance({ instanceInput: input, ...keyOf(options) }, callInit(options));
  }

  /** Lists the project's instances, oldest first. */
  list(query: InstanceQuery = {}, options: CallOptions = {}): ItemList<Instance> {
    return paginate((pageToken) =>
      this.#api.listInstances(
        { ...query, ...(pageToken === undefined ? {} : { pageToken }) },
        callInit(options),
      ),
    );
  }

  /** Gives one instance. */
  get(instanceId: string, options: CallOptions = {}): Promise<Instance> {
    return this.#api.getInstance({ instanceId }, callInit(options));
  }

  /** Asks for a stopped machine to run again. */
  start(instanceId: string, options: ChangeOptions = {}): Promise<Instance> {
    return this.#api.startInstance({ instanceId, ...matchOf(options) }, callInit(options));
  }

  /** Asks for a machine to be shut down. It keeps its vNICs. */
  stop(instanceId: string, options: ChangeOptions = {}): Promise<Instance> {
    return this.#api.stopInstance({ instanceId, ...matchOf(options) }, callInit(options));
  }

  /** Asks for a machine to be removed. Its vNICs are free once it is gone: see {@link waitUntilGone}. */
  delete(instanceId: string, options: ChangeOptions = {}): Promise<void> {
    return deleteOnce(() => this.#api.deleteInstance({ instanceId, ...matchOf(options) }, callInit(options)));
  }

  /**
   * Waits until the machine runs.
   *
   * @throws {WaitError} which says what the instance's status was, and why.
   */
  waitUntilRunning(instanceId: string, options: WaitOptions = {}): Promise<Instance> {
    return this.#waitUntil(instanceId, 'running', options);
  }

  /** Waits until the machine is shut down. */
  waitUntilStopped(instanceId: string, options: WaitOptions = {}): Promise<Instance> {
    return this.#waitUntil(instanceId, 'stopped', options);
  }

  /** Waits until nothing of a deleted machine is left. */
  async waitUntilGone(instanceId: string, options: WaitOptions = {}): Promise<void> {
    await waitFor(
      {
        what: `instance ${instanceId} to be gone`,
        read: (signal) => this.#find(instanceId, signal),
        until: (instance) => instance === undefined,
        describe: (instance) => (instance === undefined ? 'it was gone' : describeInstance(instance)),
        hopeless: (instance) =>
          instance === undefined || isLeaving(instance) ? undefined : 'nobody has deleted it',
      },
      options,
    );
  }

  #waitUntil(instanceId: string, wanted: 'running' | 'stopped', options: WaitOptions): Promise<Instance> {
    return waitFor(
      {
        what: `instance ${instanceId} to be ${wanted}`,
        read: (signal) => this.get(instanceId, { signal }),
        until: ({ status, powerState }) => status === wanted && powerState === wanted,
        describe: describeInstance,
        hopeless: ({ status, powerState }) => {
          if (status === 'deleting') return 'it is being deleted';
          return powerState === wanted ? undefined : `it is wanted ${powerState}`;
        },
      },
      options,
    );
  }

  async #find(instanceId: string, signal: AbortSignal): Promise<Instance | undefined> {
    try {
      return await this.get(instanceId, { signal });
    } catch (error) {
      if (isProblem(error, 'instance-not-found')) return undefined;
      throw error;
    }
  }
}

/** A host's failure to delete shows as `error` until it succeeds. */
function isLeaving({ status }: Instance): boolean {
  return status === 'deleting' || status === 'error';
}

function describeInstance({ status, statusReason, hostName }: Instance): string {
  const place = hostName === undefined ? '' : ` on ${hostName}`;
  return `its status was "${status}"${place}${statusReason === undefined ? '' : ` (${statusReason})`}`;
}
