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
import type { Network, NetworkInput, NetworkPatch, NetworkShare } from './generated/models/index.ts';
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

  /**
   * Lists the project's networks and those that others share with it, oldest first.
   *
   * ```ts
   * for await (const blue of network.networks.list({ tag: ['shop'], sort: 'name' })) console.log(blue.name);
   * ```
   */
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

  /** Changes what is named of a network; only its owner may. An `mtu` of null is the provider's default again. */
  update(networkId: string, patch: NetworkPatch, options: ChangeOptions = {}): Promise<Network> {
    return this.#api.updateNetwork(
      { networkId, networkPatch: patch, ...matchOf(options) },
      callInit(options),
    );
  }

  /** Lets another project see a network and its subnets and have ports in it. Doing it again changes nothing. */
  share(networkId: string, projectId: string, options: CallOptions = {}): Promise<NetworkShare> {
    return this.#api.shareNetwork({ networkId, projectId }, callInit(options));
  }

  /** Takes a network out of another project's sight, once that has no ports in it. */
  unshare(networkId: string, projectId: string, options: CallOptions = {}): Promise<void> {
    return deleteOnce(() => this.#api.unshareNetwork({ networkId, projectId }, callInit(options)));
  }

  /** Lists the projects that a network is shared with by name. */
  listShares(networkId: string, options: CallOptions = {}): ItemList<NetworkShare> {
    return paginate((pageToken) =>
      this.#api.listNetworkShares(
        { networkId, ...(pageToken === undefined ? {} : { pageToken }) },
        callInit(options),
      ),
    );
  }

  /** Deletes a network that has neither subnets nor ports. */
  delete(networkId: string, options: ChangeOptions = {}): Promise<void> {
    return deleteOnce(() => this.#api.deleteNetwork({ networkId, ...matchOf(options) }, callInit(options)));
  }
}
