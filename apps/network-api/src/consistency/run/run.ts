import { randomUUID } from 'node:crypto';
import { Recorder, type History } from '../history/history.ts';
import { Dice } from '../operations/dice.ts';
import { operationNamed, operations, finalReadings } from '../operations/index.ts';
import { Knowledge } from '../operations/knowledge.ts';
import type { Actor, Operation, Role } from '../operations/operation.ts';
import { Client } from './client.ts';
import { Follower, hostFeed } from './followers.ts';
import type { Plan } from './plan.ts';
import type { Stage } from './stage.ts';

const projects = 2;
const vnicsPerProject = 10;
/** Fewer than vNICs: some of them have the same one. */
const macAddressesPerProject = 8;

/** Carries out a plan with new projects and hosts, and gives all that was seen. */
export async function carryOut(plan: Plan, roles: readonly Role[], stage: Stage): Promise<History> {
  const projectIds = Array.from({ length: projects }, () => randomUUID());
  const hosts = roles.flatMap((role, index) =>
    role === 'agent' ? [`host-${index}-${randomUUID().slice(0, 8)}`] : [],
  );
  const recorder = new Recorder();
  const known = new Knowledge(projectIds.flatMap(vnicsOf));
  const { replicas, wire } = stage;
  const around = { replicas, wire, recorder, known };
  const cursor = await stage.cursor();
  const clients = await Promise.all(
    actorsOf(roles, projectIds, hosts).map(
      async (actor) => new Client(actor, await tokenOf(stage, actor), around),
    ),
  );
  const followers = await Promise.all(
    hosts.map(async (host) => {
      const token = await stage.issuer.serviceToken({ scope: 'network:agent', host, audience: 'network' });
      return new Follower(hostFeed(host), token, new Dice(host.length), stage);
    }),
  );
  for (const follower of followers) await follower.begin();

  let done = 0;
  const kills = plan.kills.toSorted((a, b) => a.afterOperations - b.afterOperations);
  const killWhenDue = () => {
    const [next] = kills;
    if (next && next.afterOperations <= done && replicas.killAndRestart(next.replica)) kills.shift();
  };
  await Promise.all(
    clients.map(async (client, index) => {
      for (const { operation, seed } of plan.clients[index] ?? []) {
        await performOrOther(client, operationNamed(operation), new Dice(seed));
        done += 1;
        killWhenDue();
      }
    }),
  );
  await replicas.settle();
  await readEverything(clients);
  const events = await stage.eventsBehind(cursor);
  const followed = await Promise.all(followers.map((follower) => follower.end(events)));
  return { calls: recorder.calls, events, followed };
}

/** Does the operation, or, when there is nothing to do it with, another one of the client's. */
async function performOrOther(client: Client, first: Operation, dice: Dice): Promise<void> {
  const others = operations.filter(({ role }) => role === client.actor.role);
  for (let operation: Operation | undefined = first; operation; operation = dice.weighted(others))
    if (await client.perform(operation, dice)) return;
}

/** Reads all there is, so that the end is judged as well. */
async function readEverything(clients: readonly Client[]): Promise<void> {
  const asked = new Set<string>();
  for (const client of clients) {
    const { role, projectId, host } = client.actor;
    const name = `${role} ${projectId ?? ''} ${host ?? ''}`;
    if (asked.has(name)) continue;
    asked.add(name);
    for (const reading of finalReadings(role)) await client.performAll(reading, new Dice(1));
  }
}

function actorsOf(roles: readonly Role[], projectIds: readonly string[], hosts: readonly string[]): Actor[] {
  let agents = 0;
  return roles.map((role, index) =>
    role === 'agent'
      ? { name: `agent ${agents + 1}`, role, projectId: undefined, host: hosts[agents++] }
      : // Most of them in one project, to be in each other's way.
        {
          name: `${role} ${index + 1}`,
          role,
          projectId: projectIds[index % 4 === 3 ? 1 : 0],
          host: undefined,
        },
  );
}

function tokenOf({ issuer }: Stage, { role, projectId, host }: Actor): Promise<string> {
  const audience = 'network';
  if (host !== undefined) return issuer.serviceToken({ scope: 'network:agent', host, audience });
  return issuer.userToken({
    projectId: projectId ?? '',
    audience,
    roles: [role === 'operator' ? 'admin' : 'member'],
  });
}

function vnicsOf(projectId: string) {
  return Array.from({ length: vnicsPerProject }, (_, index) => ({
    projectId,
    vnicId: randomUUID(),
    macAddress: `02:00:5e:00:00:0${index % macAddressesPerProject}`,
    placement: 0,
  }));
}
