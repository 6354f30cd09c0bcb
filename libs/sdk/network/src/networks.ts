import {
  callInit,
  deleteOnce,
  keyOf,
  matchOf,
  paginate,
  type CallOptions,
  type ChangeOptions,
  type CreateOptions,
  type ItemList,
} from '@patchpanel/sdk-core';
import { NetworksApi, type ListNetworksRequest } from './generated/apis/NetworksApi.ts';
import type { Network, NetworkInput } from './generated/models/index.ts';
import type { Configuration } from './generated/runtime.ts';

/** Which networks to list. */
export type NetworkQuery = Omit<ListNetworksRequest, 'pageToken'>;

/** Isolated layer-2 domains. */
export class Networks {
  readonly #api: NetworksApi;

  constructor(configuration: Configuration) {
    this.#api = new NetworksApi(configuration);
  }

  /**
   * Makes a network.
   *
   * ```ts
   * const blue = await network.networks.create({ name: 'blue' });
   * ```
   */
  create(input: NetworkInput = {}, options: CreateOptions = {}): Promise<Network> {
    return this.#api.createNetwork({ networkInput: input, ...keyOf(options) }, callInit(options));
  }

  /** Lists the project's networks, oldest first. */
  list(query: NetworkQuery = {}, options: CallOptions = {}): ItemList<Network> {
    return paginate((pageToken) =>
      this.#api.listNetworks(
        { ...query, ...(pageToken === undefined ? {} : { pageToken }) },
        callInit(options),
      ),
    );
  }

  /** Gives one network. */
  get(networkId: string, options: CallOptions = {}): Promise<Network> {
    return this.#api.getNetwork({ networkId }, callInit(options));
  }

  /** Deletes a network that has neither subnets nor ports. */
  delete(networkId: string, options: ChangeOptions = {}): Promise<void> {
    return deleteOnce(() => this.#api.deleteNetwork({ networkId, ...matchOf(options) }, callInit(options)));
  }
}
