import { createTransport, passErrorsOn, type ServiceOptions } from '@patchpanel/sdk-core';
import { Attachments } from './attachments.ts';
import { problemCodes } from './generated/problem-codes.ts';
import { Configuration } from './generated/runtime.ts';
import { Networks } from './networks.ts';
import { operations } from './operations.ts';
import { Ports } from './ports.ts';
import { Subnets } from './subnets.ts';

/**
 * The network service: networks, subnets, ports and what is plugged into them.
 *
 * ```ts
 * const network = new NetworkClient({ url: 'http://127.0.0.1:7301', token });
 * const blue = await network.networks.create({ name: 'blue' });
 * await network.subnets.create(blue.id, { cidr: '10.0.0.0/24' });
 * const [one, two] = await network.ports.createMany(blue.id, [{}, {}]);
 * ```
 */
export class NetworkClient {
  readonly networks: Networks;
  readonly subnets: Subnets;
  readonly ports: Ports;
  readonly attachments: Attachments;

  constructor(options: ServiceOptions) {
    const configuration = new Configuration({
      basePath: options.url.replace(/\/+$/, ''),
      fetchApi: createTransport(options, { operations, problemCodes }),
      middleware: [passErrorsOn],
    });
    this.networks = new Networks(configuration);
    this.subnets = new Subnets(configuration);
    this.ports = new Ports(configuration);
    this.attachments = new Attachments(configuration);
  }
}
