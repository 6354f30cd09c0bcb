import { callInit, paginate, type CallOptions, type ItemList } from '@patchpanel/sdk-core';
import { HostsApi, type ListHostsRequest } from './generated/apis/HostsApi.ts';
import type { Host } from './generated/models/index.ts';
import type { Configuration } from './generated/runtime.ts';

/** Which hosts to list. */
export type HostQuery = Omit<ListHostsRequest, 'pageToken'>;

/** Hypervisors that machines run on; for administrators. */
export class Hosts {
  readonly #api: HostsApi;

  constructor(configuration: Configuration) {
    this.#api = new HostsApi(configuration);
  }

  /**
   * Lists the installation's hosts by name.
   *
   * ```ts
   * for await (const host of compute.hosts.list()) console.log(host.name, host.status);
   * ```
   */
  list(query: HostQuery = {}, options: CallOptions = {}): ItemList<Host> {
    return paginate((pageToken) =>
      this.#api.listHosts({ ...query, ...(pageToken === undefined ? {} : { pageToken }) }, callInit(options)),
    );
  }

  /** Gives one host. */
  get(hostName: string, options: CallOptions = {}): Promise<Host> {
    return this.#api.getHost({ hostName }, callInit(options));
  }
}
