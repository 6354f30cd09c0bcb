import type { Attachment, Network, Port } from '@patchpanel/contract-network';
import { exampleRequests, type ExampleRequest } from '@patchpanel/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  networkDocument,
  newMacAddress,
  openStage,
  southboundDocument,
  type Stage,
  type TestHost,
  type TestUser,
} from './testing/stage.ts';

/** The ids that the documents' examples use, and what each of them is. */
const exampleIds = {
  project: '019abc00-0000-7000-8000-000000000001',
  otherProject: '019abc00-0000-7000-8000-000000000002',
  network: '019abc00-1234-7abc-8def-0123456789ab',
  subnet: '019abc00-1234-7abc-8def-0123456789ac',
  port: '019abc00-1234-7abc-8def-0123456789ad',
  vnic: '019abc00-1234-7abc-8def-0123456789ae',
  binding: '019abc00-1234-7abc-8def-0123456789af',
  group: '019abc00-1234-7abc-8def-0123456789b0',
  rule: '019abc00-1234-7abc-8def-0123456789b1',
  otherPort: '019abc00-1234-7abc-8def-0123456789b2',
} as const;

type Named = keyof typeof exampleIds;
type World = Map<string, string>;

/** How far the world must be made before an operation's examples work. Each step needs those before it. */
const steps = ['nothing', 'network', 'subnet', 'port', 'attachment', 'binding'] as const;
type Step = (typeof steps)[number];

const readyAt: Readonly<Record<string, Step>> = {
  createNetwork: 'nothing',
  createSubnet: 'network',
  createPort: 'subnet',
  createPorts: 'subnet',
  deleteNetwork: 'network',
  deleteSubnet: 'subnet',
  deletePort: 'port',
  plugVnic: 'port',
  plugVnicIntoAnyPort: 'port',
  getAttachment: 'attachment',
  unplugVnic: 'attachment',
  replugVnic: 'attachment',
  releasePortBinding: 'binding',
  resolveAttachment: 'attachment',
  claimBinding: 'attachment',
  getBinding: 'binding',
  releaseBinding: 'binding',
  reportBindingStatus: 'binding',
  reportHoldings: 'attachment',
  getGroupRules: 'binding',
  listGroupMembers: 'binding',
};

/** What an example's query parameter needs beside it. */
const besideQuery: Readonly<Record<string, readonly Named[]>> = { ipAddress: ['network'] };

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

describe('every example of the network API works', () => {
  it.for(exampleRequests(networkDocument).map((request) => [request.label, request] as const))(
    '%s',
    async ([, request]) => {
      const { user, world } = await makeWorld(request.operationId);
      const { path, body } = fill(request, world);
      const response = await user[request.method](path, body);
      expect(response.status, JSON.stringify(response.body)).toBeLessThan(300);
    },
  );
});

describe('every example of the southbound network API works', () => {
  it.for(exampleRequests(southboundDocument).map((request) => [request.label, request] as const))(
    '%s',
    async ([, request]) => {
      const { host, world } = await makeWorld(request.operationId);
      const { path, body } = fill(request, world);
      const response = await host[request.method](path, body);
      expect(response.status, JSON.stringify(response.body)).toBeLessThan(300);
    },
  );
});

/** Makes what an operation's examples speak of, in a project of its own. */
async function makeWorld(operationId: string): Promise<{ user: TestUser; host: TestHost; world: World }> {
  const step = steps.indexOf(readyAt[operationId] ?? 'binding');
  const user = await stage.user(undefined, ['admin']);
  const host = await stage.host();
  const world: World = new Map([
    [exampleIds.project, user.projectId],
    [exampleIds.vnic, crypto.randomUUID()],
    ['{hostName}', host.host],
    ['02:00:5e:10:00:01', newMacAddress()],
  ]);
  const set = (name: Named, id: string) => void world.set(exampleIds[name], id);
  await host.put('/v1/agent', { version: '0.1.0', providers: [] }).expect(200);
  const group: { id: string } = (await user.post('/v1/security-groups', { name: 'web' }).expect(201)).body;
  set('group', group.id);
  if (operationId !== 'createSecurityGroupRule') set('rule', await makeRule(user, group.id));
  if (step < 1) return { user, host, world };
  const network = await user.network({ name: 'blue' });
  set('network', network.id);
  if (operationId === 'unshareNetwork') await share(user, network);
  if (step < 2) return { user, host, world };
  const subnet = await user.subnet(network.id, { cidr: '10.0.0.0/24' });
  set('subnet', subnet.id);
  if (step < 3) return { user, host, world };
  const isGroupFree = operationId === 'deleteSecurityGroup';
  const port = await user.port(network.id, isGroupFree ? {} : { securityGroupIds: [group.id] });
  set('port', port.id);
  set('otherPort', (await user.port(network.id)).id);
  if (step < 4) return { user, host, world };
  const attachment = await user.plug(port.id, idOf(world, 'vnic'), world.get('02:00:5e:10:00:01'));
  if (step < 5) return { user, host, world };
  set('binding', (await host.claim(attachment)).id);
  if (operationId === 'forgetAgent') await forgettable(user, host, port, attachment);
  return { user, host, world };
}

async function makeRule(user: TestUser, groupId: string): Promise<string> {
  const rule = { direction: 'ingress', etherType: 'ipv4', protocol: 'tcp' };
  return (await user.post(`/v1/security-groups/${groupId}/rules`, rule).expect(201)).body.id;
}

async function share(user: TestUser, network: Network): Promise<void> {
  await user.put(`/v1/networks/${network.id}/shares/${exampleIds.otherProject}`).expect(201);
}

/** An agent can be forgotten when its host has no bindings. */
async function forgettable(
  user: TestUser,
  host: TestHost,
  port: Port,
  attachment: Attachment,
): Promise<void> {
  const binding = await host.claim(attachment);
  await user.unplug(port.id);
  await host.release(binding.id);
}

function idOf(world: World, name: Named): string {
  const id = world.get(exampleIds[name]);
  if (id === undefined) throw new Error(`the world has no ${name}`);
  return id;
}

/** The request with the world's ids in the places of the examples'. */
function fill(request: ExampleRequest, world: World): { path: string; body: object | undefined } {
  const inWorld = (text: string) =>
    [...world].reduce((filled, [example, real]) => filled.replaceAll(example, real), text);
  const parameters: Readonly<Record<string, string>> = {
    networkId: exampleIds.network,
    subnetId: exampleIds.subnet,
    portId: exampleIds.port,
    vnicId: exampleIds.vnic,
    bindingId: exampleIds.binding,
    securityGroupId: exampleIds.group,
    ruleId: exampleIds.rule,
    projectId: request.pathTemplate.includes('/shares/') ? exampleIds.otherProject : exampleIds.project,
    hostName: '{hostName}',
  };
  const template = request.pathTemplate.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const id = parameters[name];
    if (id === undefined) throw new Error(`what is {${name}}?`);
    return id;
  });
  const beside = Object.keys(request.query).flatMap((name) => besideQuery[name] ?? []);
  const query = new URLSearchParams({
    ...request.query,
    ...Object.fromEntries(beside.map((name) => [`${name}Id`, exampleIds[name]])),
  }).toString();
  return {
    path: inWorld(query === '' ? template : `${template}?${query}`),
    body: request.body && JSON.parse(inWorld(JSON.stringify(request.body))),
  };
}
