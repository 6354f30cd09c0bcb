import type { Instance, Network, Patchpanel, Port, Vnic } from '@patchpanel/sdk';
import type { Made } from './made.ts';
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
  const network = made.note('networks', await networkService.networks.create({ name: 'blue' }));
  for (const cidr of ['10.0.0.0/24', 'fd00:b1ce::/64']) {
    made.note('subnets', await networkService.subnets.create(network.id, { cidr }));
  }
  const [portOne, portTwo] = await networkService.ports.createMany(network.id, [
    { name: 'one' },
    { name: 'two' },
  ]);
  if (portOne === undefined || portTwo === undefined) throw new Error('two ports were asked for');
  for (const port of [portOne, portTwo]) {
    made.note('ports', port);
    narrator.line(`  port ${port.name} has ${addressesOf(port).join(' and ')}; machines so far: none`);
  }

  narrator.heading('Step 2 of 4: network cards, in no machine yet (compute service)');
  const cardOne = made.note('vnics', await compute.vnics.create({ name: 'card-one' }));
  const cardTwo = made.note('vnics', await compute.vnics.create({ name: 'card-two' }));

  narrator.heading('Step 3 of 4: plug in, like cables into a patch panel (network service)');
  narrator.line('  the first card into a chosen port:');
  await networkService.attachments.plug(portTwo.id, cardOne);
  narrator.line('  the second into any available port of the network:');
  const { portId } = await networkService.attachments.plugAny(network.id, cardTwo);

  narrator.heading('Step 4 of 4: boot; compute asks the network service nothing (compute service)');
  const boot = async (vnic: Vnic, name: string) =>
    made.note('instances', await compute.instances.create({ name, vnicIds: [vnic.id] }));
  const [machineOne, machineTwo] = [await boot(cardOne, 'machine-one'), await boot(cardTwo, 'machine-two')];
  const running = await narrator.waiting('machines booting', () =>
    Promise.all(
      [machineOne, machineTwo].map(({ id }) => compute.instances.waitUntilRunning(id, { timeoutMs: 30_000 })),
    ),
  );
  for (const { name, status, hostName } of running)
    narrator.line(`  ${name} is ${status} on ${hostName ?? '?'}`);

  const active = (id: string) =>
    narrator.waiting('port becoming active', () =>
      networkService.ports.waitUntilActive(id, { timeoutMs: 30_000 }),
    );
  const [instanceOne = machineOne, instanceTwo = machineTwo] = running;
  return {
    network,
    machines: [
      { instance: instanceOne, vnic: cardOne, port: await active(portTwo.id) },
      { instance: instanceTwo, vnic: cardTwo, port: await active(portId) },
    ],
  };
}
