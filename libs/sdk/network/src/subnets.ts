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
import type { Subnet, SubnetInput } from './generated/models/index.ts';
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

  /** Lists the project's subnets, oldest first. */
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

  /** Deletes a subnet of which no address is in use or resting. */
  delete(subnetId: string, options: ChangeOptions = {}): Promise<void> {
    return deleteOnce(() => this.#api.deleteSubnet({ subnetId, ...matchOf(options) }, callInit(options)));
  }
}
