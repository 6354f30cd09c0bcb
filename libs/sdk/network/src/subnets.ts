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
import { SubnetsApi, type ListSubnetsRequest } from './generated/apis/SubnetsApi.ts';
import type { Subnet, SubnetInput, SubnetPatch, SubnetUsage } from './generated/models/index.ts';
import type { Configuration } from './generated/runtime.ts';

/** Which subnets to list. */
export type SubnetQuery = Omit<ListSubnetsRequest, 'pageToken'>;

/** Address ranges of networks. */
export class Subnets {
  readonly #api: SubnetsApi;

  constructor(configuration: Configuration) {
    this.#api = new SubnetsApi(configuration);
  }

  /**
   * Gives a network an address range.
   *
   * ```ts
   * await network.subnets.create(blue.id, { cidr: '10.0.0.0/24' });
   * await network.subnets.create(blue.id, { cidr: 'fd00:10::/64' });
   * ```
   */
  create(networkId: string, input: SubnetInput, options: CreateOptions = {}): Promise<Subnet> {
    return this.#api.createSubnet({ networkId, subnetInput: input, ...keyOf(options) }, callInit(options));
  }

  /** Lists the project's subnets, or those of a network that it sees, oldest first. */
  list(query: SubnetQuery = {}, options: CallOptions = {}): ItemList<Subnet> {
    return paginate((pageToken) =>
      this.#api.listSubnets(
        { ...query, ...(pageToken === undefined ? {} : { pageToken }) },
        callInit(options),
      ),
    );
  }

  /** Gives one subnet. */
  get(subnetId: string, options: CallOptions = {}): Promise<Subnet> {
    return this.#api.getSubnet({ subnetId }, callInit(options));
  }

  /** Changes what is named of a subnet; only its network's owner may. Pools keep what is in use. */
  update(subnetId: string, patch: SubnetPatch, options: ChangeOptions = {}): Promise<Subnet> {
    return this.#api.updateSubnet({ subnetId, subnetPatch: patch, ...matchOf(options) }, callInit(options));
  }

  /** Counts the addresses of a subnet's pools, in decimal digits: those of IPv6 subnets are more than a number can say. */
  usage(subnetId: string, options: CallOptions = {}): Promise<SubnetUsage> {
    return this.#api.getSubnetUsage({ subnetId }, callInit(options));
  }

  /** Deletes a subnet of which no address is in use or resting. */
  delete(subnetId: string, options: ChangeOptions = {}): Promise<void> {
    return deleteOnce(() => this.#api.deleteSubnet({ subnetId, ...matchOf(options) }, callInit(options)));
  }
}
