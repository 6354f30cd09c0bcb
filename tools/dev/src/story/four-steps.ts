import {
  isNetworkProblem,
  PatchpanelError,
  type Instance,
  type Network,
  type Patchpanel,
  type Port,
  type Vnic,
} from '@patchpanel/sdk';
import type { Narrator } from './narrator.ts';

/** A machine of the story, and the port that its card is plugged into. */
export interface StoryMachine {
  readonly instance: Instance;
  readonly vnic: Vnic;
  readonly port: Port;
}

/** What the four steps have made. */
export interface Story {
  readonly network: Network;
  readonly machines: readonly [StoryMachine, StoryMachine];
}

/** The addresses of a port. */
export function addressesOf(port: Port): string[] {
  return port.fixedIps.map(({ ipAddress }) => ipAddress);
}

/** Walks the four steps as a user would. `made` is told of each thing, so that it can be removed again. */
export async function walkFourSteps(
  { network: networkService, compute }: Patchpanel,
  narrator: Narrator,
  made: Made,
): Promise<Story> {
  narrator.heading(
    'Step 1 of 4: ports, which have their addresses before there is any machine (network service)',
  );
  const network = made.network(await networkService.networks.create({ name: 'blue' }));
  for (const cidr of ['10.0.0.0/24', 'fd00:b1ce::/64']) {
    made.subnet(await networkService.subnets.create(network.id, { cidr }));
  }
  const [portOne, portTwo] = made.ports(
    await networkService.ports.createMany(network.id, [{ name: 'one' }, { name: 'two' }]),
  );
  if (portOne === undefined || portTwo === undefined) throw new Error('two ports were asked for');
  for (const port of [portOne, portTwo]) {
    narrator.line(`  port ${port.name} has ${addressesOf(port).join(' and ')}; machines so far: none`);
  }

  narrator.heading('Step 2 of 4: network cards, in no machine yet (compute service)');
  const cardOne = made.vnic(await compute.vnics.create({ name: 'card-one' }));
  const cardTwo = made.vnic(await compute.vnics.create({ name: 'card-two' }));

  narrator.heading('Step 3 of 4: plug in, like cables into a patch panel (network service)');
  narrator.line('  the first card into a chosen port:');
  await networkService.attachments.plug(portTwo.id, cardOne);
  narrator.line('  the second into any available port of the network:');
  const { portId } = await networkService.attachments.plugAny(network.id, cardTwo);

  narrator.heading('Step 4 of 4: boot; compute asks the network service nothing (compute service)');
  const boot = async (vnic: Vnic, name: string) =>
    made.instance(await compute.instances.create({ name, vnicIds: [vnic.id] }));
  const [machineOne, machineTwo] = [await boot(cardOne, 'machine-one'), await boot(cardTwo, 'machine-two')];
  const running = await Promise.all(
    [machineOne, machineTwo].map(({ id }) => compute.instances.waitUntilRunning(id, { timeoutMs: 30_000 })),
  );
  for (const { name, status, hostName } of running)
    narrator.line(`  ${name} is ${status} on ${hostName ?? '?'}`);

  const active = (id: string) => networkService.ports.waitUntilActive(id, { timeoutMs: 30_000 });
  const [instanceOne = machineOne, instanceTwo = machineTwo] = running;
  return {
    network,
    machines: [
      { instance: instanceOne, vnic: cardOne, port: await active(portTwo.id) },
      { instance: instanceTwo, vnic: cardTwo, port: await active(portId) },
    ],
  };
}

/** Remembers what was made, to remove it in the right order. */
export class Made {
  readonly #networks: string[] = [];
  readonly #subnets: string[] = [];
  readonly #ports: string[] = [];
  readonly #vnics: string[] = [];
  readonly #instances: string[] = [];

  network(made: Network): Network {
    this.#networks.push(made.id);
    return made;
  }

  subnet(made: { readonly id: string }): void {
    this.#subnets.push(made.id);
  }

  ports(made: readonly Port[]): readonly Port[] {
    this.#ports.push(...made.map(({ id }) => id));
    return made;
  }

  vnic(made: Vnic): Vnic {
    this.#vnics.push(made.id);
    return made;
  }

  instance(made: Instance): Instance {
    this.#instances.push(made.id);
    return made;
  }

  /** Removes everything through the API, newest kind first. What can't be removed is left, and named in the answer. */
  async remove({ network, compute }: Patchpanel): Promise<string[]> {
    const left: string[] = [];
    const each = async (what: string, ids: readonly string[], remove: (id: string) => Promise<void>) => {
      for (const id of ids) {
        await remove(id).catch((error: unknown) => {
          if (isNetworkProblem(error, 'attachment-not-found')) return; // nothing was plugged in yet
          left.push(`${what} (${error instanceof PatchpanelError ? error.code : String(error)})`);
        });
      }
    };
    await each('instance', this.#instances, (id) => compute.instances.delete(id));
    await each('instance', this.#instances, (id) =>
      compute.instances.waitUntilGone(id, { timeoutMs: 15_000 }),
    );
    await each('attachment of port', this.#ports, (id) => network.attachments.unplug(id));
    await each('vNIC', this.#vnics, (id) => compute.vnics.delete(id));
    await each('port', this.#ports, (id) => network.ports.delete(id));
    await each('subnet', this.#subnets, (id) => network.subnets.delete(id));
    await each('network', this.#networks, (id) => network.networks.delete(id));
    return left;
  }
}
