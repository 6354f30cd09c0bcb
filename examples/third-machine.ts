/**
 * One more machine on a network that is there.
 *
 *     npx node examples/third-machine.ts <network id>
 */
import { isNetworkProblem } from '@patchpanel/sdk';
import { connect } from './connect.ts';

const networkId = process.argv[2];
if (networkId === undefined) throw new Error('name the network: third-machine.ts <network id>');

const { network, compute } = connect();
const card = await compute.vnics.create({ name: 'card-three' });

// Into any port that is free; when none is, into a new one.
const { portId } = await network.attachments.plugAny(networkId, card).catch(async (error: unknown) => {
  if (!isNetworkProblem(error, 'no-available-port')) throw error;
  const port = await network.ports.create(networkId, { name: 'three' });
  return network.attachments.plug(port.id, card);
});

const machine = await compute.instances.create({ name: 'machine-three', vnicIds: [card.id] });
await compute.instances.waitUntilRunning(machine.id);
const { fixedIps } = await network.ports.waitUntilActive(portId);
console.log(`${machine.name} runs with ${fixedIps.map(({ ipAddress }) => ipAddress).join(' and ')}`);
