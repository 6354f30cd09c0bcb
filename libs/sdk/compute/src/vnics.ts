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
import { VNICsApi, type ListVnicsRequest } from './generated/apis/VNICsApi.ts';
import type { Vnic, VnicInput, VnicPatch } from './generated/models/index.ts';
import type { Configuration } from './generated/runtime.ts';

/** Which vNICs to list. */
export type VnicQuery = Omit<ListVnicsRequest, 'pageToken'>;

/** Network cards. They exist before their machines and outlive them. */
export class Vnics {
  readonly #api: VNICsApi;

  constructor(configuration: Configuration) {
    this.#api = new VNICsApi(configuration);
  }

  /**
   * Makes a network card that belongs to no machine yet.
   *
   * ```ts
   * const vnic = await compute.vnics.create({ name: 'web-1-eth0' });
   * console.log(vnic.macAddress);
   * ```
   */
  create(input: VnicInput = {}, options: CreateOptions = {}): Promise<Vnic> {
    return this.#api.createVnic({ vnicInput: input, ...keyOf(options) }, callInit(options));
  }

  /** Lists the project's vNICs, oldest first. */
  list(query: VnicQuery = {}, options: CallOptions = {}): ItemList<Vnic> {
    return paginate((pageToken) =>
      this.#api.listVnics({ ...query, ...(pageToken === undefined ? {} : { pageToken }) }, callInit(options)),
    );
  }

  /** Gives one vNIC. */
  get(vnicId: string, options: CallOptions = {}): Promise<Vnic> {
    return this.#api.getVnic({ vnicId }, callInit(options));
  }

  /** Changes what is given and leaves the rest; null clears. */
  update(vnicId: string, patch: VnicPatch, options: ChangeOptions = {}): Promise<Vnic> {
    return this.#api.updateVnic({ vnicId, vnicPatch: patch, ...matchOf(options) }, callInit(options));
  }

  /** Deletes a vNIC that belongs to no instance. Unplug it first, or its port stays occupied. */
  delete(vnicId: string, options: ChangeOptions = {}): Promise<void> {
    return deleteOnce(() => this.#api.deleteVnic({ vnicId, ...matchOf(options) }, callInit(options)));
  }
}
