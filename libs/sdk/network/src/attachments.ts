import {
  callInit,
  deleteOnce,
  keyOf,
  matchOf,
  type CallOptions,
  type ChangeOptions,
  type CreateOptions,
} from '@patchpanel/sdk-core';
import { AttachmentsApi } from './generated/apis/AttachmentsApi.ts';
import type { Attachment, AttachmentInput } from './generated/models/index.ts';
import type { Configuration } from './generated/runtime.ts';

/** The vNIC to plug in: a vNIC as the compute service gives it, or its id and MAC address as the API names them. */
export type PluggableVnic = AttachmentInput | { readonly id: string; readonly macAddress: string };

/** Plugs: this port and this vNIC. */
export class Attachments {
  readonly #api: AttachmentsApi;

  constructor(configuration: Configuration) {
    this.#api = new AttachmentsApi(configuration);
  }

  /**
   * Plugs a vNIC into a port, like a cable into a patch panel. Doing so again changes nothing.
   *
   * ```ts
   * const vnic = await compute.vnics.create();
   * await network.attachments.plug(port.id, vnic);
   * ```
   */
  plug(portId: string, vnic: PluggableVnic, options: CallOptions = {}): Promise<Attachment> {
    return this.#api.plugVnic({ portId, attachmentInput: attachmentInput(vnic) }, callInit(options));
  }

  /** Plugs a vNIC into any available port of a network. The answer's `portId` says which. */
  plugAny(networkId: string, vnic: PluggableVnic, options: CreateOptions = {}): Promise<Attachment> {
    return this.#api.plugVnicIntoAnyPort(
      { networkId, attachmentInput: attachmentInput(vnic), ...keyOf(options) },
      callInit(options),
    );
  }

  /** Takes out what is plugged into a port. */
  unplug(portId: string, options: ChangeOptions = {}): Promise<void> {
    return deleteOnce(() => this.#api.unplugVnic({ portId, ...matchOf(options) }, callInit(options)));
  }

  /** Gives what is plugged into a port. */
  get(portId: string, options: CallOptions = {}): Promise<Attachment> {
    return this.#api.getAttachment({ portId }, callInit(options));
  }
}

function attachmentInput(vnic: PluggableVnic): AttachmentInput {
  return { vnicId: 'vnicId' in vnic ? vnic.vnicId : vnic.id, macAddress: vnic.macAddress };
}
