import {
  callInit,
  deleteOnce,
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
import { PortsApi, type ListPortsRequest } from './generated/apis/PortsApi.ts';
import type { Port, PortInput } from './generated/models/index.ts';
import type { Configuration } from './generated/runtime.ts';

/** Which ports to list. */
export type PortQuery = Omit<ListPortsRequest, 'pageToken'>;

/** Sockets of networks. Each has its addresses from the moment it is made. */
export class Ports {
  readonly #api: PortsApi;

  constructor(configuration: Configuration) {
    this.#api = new PortsApi(configuration);
  }

  /**
   * Makes a port: without `fixedIps` with one address of each IP version that the network has a subnet for.
   *
   * ```ts
   * const port = await network.ports.create(blue.id, { name: 'web-1' });
   * console.log(port.fixedIps.map(({ ipAddress }) => ipAddress)); // before there is any machine
   * ```
   */
  create(networkId: string, input: PortInput = {}, options: CreateOptions = {}): Promise<Port> {
    return this.#api.createPort({ networkId, portInput: input, ...keyOf(options) }, callInit(options));
  }

  /**
   * Makes 1 to 1000 ports, all or none of them, in one request.
   *
   * ```ts
   * const ports = await network.ports.createMany(blue.id, [{ name: 'web-1' }, { name: 'web-2' }]);
   * ```
   */
  async createMany(
    networkId: string,
    inputs: readonly PortInput[],
    options: CreateOptions = {},
  ): Promise<Port[]> {
    const { items } = await this.#api.createPorts(
      { networkId, portsInput: { ports: [...inputs] }, ...keyOf(options) },
      callInit(options),
    );
    return items;
  }

  /** Lists the project's ports, oldest first. */
  list(query: PortQuery = {}, options: CallOptions = {}): ItemList<Port> {
    return paginate((pageToken) =>
      this.#api.listPorts({ ...query, ...(pageToken === undefined ? {} : { pageToken }) }, callInit(options)),
    );
  }

  /** Gives one port. */
  get(portId: string, options: CallOptions = {}): Promise<Port> {
    return this.#api.getPort({ portId }, callInit(options));
  }

  /** Deletes a port that nothing is plugged into. */
  delete(portId: string, options: ChangeOptions = {}): Promise<void> {
    return deleteOnce(() => this.#api.deletePort({ portId, ...matchOf(options) }, callInit(options)));
  }

  /**
   * Waits until an agent has read the port's wiring back from its host's kernel.
   *
   * @throws {WaitError} which says what the port's status was, and why.
   */
  waitUntilActive(portId: string, options: WaitOptions = {}): Promise<Port> {
    return waitFor(
      {
        what: `port ${portId} to be active`,
        read: (signal) => this.get(portId, { signal }),
        until: ({ status }) => status === 'active',
        describe: describePort,
      },
      options,
    );
  }
}

function describePort({ status, statusReason }: Port): string {
  const reason = statusReason === undefined ? '' : ` (${statusReason})`;
  switch (status) {
    case 'available':
      return 'nothing was plugged into it';
    case 'plugged':
      return 'a vNIC was plugged in, but no host had claimed it';
    case 'building':
      return `its host was wiring it${reason}`;
    default:
      return `its status was "${status}"${reason}`;
  }
}
