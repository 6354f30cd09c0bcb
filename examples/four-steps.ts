/**
 * The four steps: prepare the network, make a card, plug it in, boot. Then everything is removed again.
 *
 *     npm start                                   # in one shell; it prints the name of a file of variables
 *     . /var/lib/patchpanel/dev/user.env          # in another
 *     npx node examples/four-steps.ts
 */
import { connect } from './connect.ts';

const { network, compute } = connect();

// 1. Ports have their addresses now, long before any machine.
const green = await network.networks.create({ name: 'green' });
const subnet = await network.subnets.create(green.id, { cidr: '10.1.0.0/24' });
const port = await network.ports.create(green.id, { name: 'web' });
console.log(`port ${port.name} has ${port.fixedIps.map(({ ipAddress }) => ipAddress).join(', ')}`);

// 2. A network card that belongs to no machine yet.
const card = await compute.vnics.create({ name: 'web-eth0' });
console.log(`card ${card.name} has ${card.macAddress}`);

// 3. Plugged in like a cable into a patch panel.
await network.attachments.plug(port.id, card);
console.log('plugged in');

// 4. Boot. Compute asks the network service nothing.
const machine = await compute.instances.create({ name: 'web', vnicIds: [card.id] });
await compute.instances.waitUntilRunning(machine.id);
const { status, attachment } = await network.ports.waitUntilActive(port.id);
console.log(`machine ${machine.name} runs, its port is ${status} on ${attachment?.binding?.hostName ?? '?'}`);

// And back, in the opposite order.
await compute.instances.delete(machine.id);
await compute.instances.waitUntilGone(machine.id);
await network.attachments.unplug(port.id);
await compute.vnics.delete(card.id);
await network.ports.delete(port.id);
await network.subnets.delete(subnet.id);
await network.networks.delete(green.id);
console.log('all removed');
