import { createTransport, passErrorsOn, type ServiceOptions } from '@patchpanel/sdk-core';
import { problemCodes } from './generated/problem-codes.ts';
import { Configuration } from './generated/runtime.ts';
import { Hosts } from './hosts.ts';
import { Instances } from './instances.ts';
import { operations } from './operations.ts';
import { Vnics } from './vnics.ts';

/**
 * The compute service: vNICs, instances and hosts.
 *
 * ```ts
 * const compute = new ComputeClient({ url: 'http://127.0.0.1:7401', token });
 * const vnic = await compute.vnics.create({ name: 'web-1-eth0' });
 * const instance = await compute.instances.create({ name: 'web-1', vnicIds: [vnic.id] });
 * await compute.instances.waitUntilRunning(instance.id);
 * ```
 */
export class ComputeClient {
  readonly vnics: Vnics;
  readonly instances: Instances;
  readonly hosts: Hosts;

  constructor(options: ServiceOptions) {
    const configuration = new Configuration({
      basePath: options.url.replace(/\/+$/, ''),
      fetchApi: createTransport(options, { operations, problemCodes }),
      middleware: [passErrorsOn],
    });
    this.vnics = new Vnics(configuration);
    this.instances = new Instances(configuration);
    this.hosts = new Hosts(configuration);
  }
}
