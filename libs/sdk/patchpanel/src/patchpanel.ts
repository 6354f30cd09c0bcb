import { ComputeClient } from '@patchpanel/sdk-compute';
import type { RequestHooks, RetryPolicy, ServiceOptions } from '@patchpanel/sdk-core';
import { NetworkClient } from '@patchpanel/sdk-network';

/** Where the two services are and who is asking. What stands beside them holds for both. */
export interface PatchpanelOptions {
  readonly network: ServiceOptions;
  readonly compute: ServiceOptions;
  readonly hooks?: RequestHooks;
  readonly retry?: Partial<RetryPolicy>;
  /** Milliseconds that one attempt at a request may take; 15,000 unless given. */
  readonly attemptTimeoutMs?: number;
  /** Milliseconds that a call may take with all its attempts and pauses; 60,000 unless given. */
  readonly timeoutMs?: number;
}

/**
 * Both services. Prepare the network first, plug a vNIC into a port like a cable into a patch panel, then boot.
 *
 * ```ts
 * const { network, compute } = new Patchpanel({
 *   network: { url: 'http://127.0.0.1:7301', token: networkToken },
 *   compute: { url: 'http://127.0.0.1:7401', token: computeToken },
 * });
 * const blue = await network.networks.create({ name: 'blue' });
 * await network.subnets.create(blue.id, { cidr: '10.0.0.0/24' });
 * const port = await network.ports.create(blue.id); // 1. it has its address now
 * const vnic = await compute.vnics.create(); //        2. a card, in no machine yet
 * await network.attachments.plug(port.id, vnic); //    3. plugged in
 * await compute.instances.create({ vnicIds: [vnic.id] }); // 4. compute asks the network service nothing
 * ```
 */
export class Patchpanel {
  readonly network: NetworkClient;
  readonly compute: ComputeClient;

  constructor({ network, compute, ...shared }: PatchpanelOptions) {
    this.network = new NetworkClient({ ...shared, ...network });
    this.compute = new ComputeClient({ ...shared, ...compute });
  }
}
