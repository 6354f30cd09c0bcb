import { randomUUID } from 'node:crypto';
import { Recorder, type History } from '../history/history.ts';
import { Dice } from '../operations/dice.ts';
import { operationNamed, operations, finalReadings } from '../operations/index.ts';
import { Knowledge } from '../operations/knowledge.ts';
import type { Actor, Operation, Role } from '../operations/operation.ts';
import { Client } from './client.ts';
import { Follower, hostFeed, projectFeed } from './followers.ts';
import type { Plan } from './plan.ts';
import type { Stage } from './stage.ts';

const projects = 2;
const vnicsPerProject = 10;
/** Fewer than vNICs: some of them have the same one. */
const macAddressesPerProject = 8;

/**
 * Carries out a plan with new projects and hosts, and gives all that was seen, with the longest that a client has waited for an
 * answer, in milliseconds.
 */
export async function carryOut(
  plan: Plan,
  roles: readonly Role[],
  stage: Stage,
): Promise<{ history: History; slowest: number }> {
  const projectIds = Array.from({ length: projects }, () => randomUUID());
  const hosts = roles.flatMap((role, index) =>
    role === 'agent' ? [`host-${index}-${randomUUID().slice(0, 8)}`] : [],
  );
  const recorder = new Recorder();
  const known = new Knowledge(projectIds, projectIds.flatMap(vnicsOf));
  const { replicas, wire } = stage;
  const around = { replicas, wire, recorder, known };
  const clients = await Promise.all(
    actorsOf(roles, projectIds, hosts).map(
      async (actor) => new Client(actor, await tokenOf(stage, actor), around),
    ),
  );
  const sources = [...hosts.map(hostFeed), ...projectIds.map(projectFeed)];
  const readers = [...hosts.map(agentOf), ...projectIds.map(userOf)];
  const followers = await Promise.all(
    readers.map(async (reader, index) => {
      const source = sources[index];
      if (!source) throw new Error('a reader has no feed');
      return new Follower(source, await tokenOf(stage, reader), new Dice(index), stage);
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
  const events = await stage.newEvents();
  const followed = await Promise.all(followers.map((follower) => follower.end(events)));
  const slowest = Math.max(...clients.map((client) => client.slowest));
  return { history: { calls: recorder.calls, events, followed }, slowest };
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
  const left = [...hosts];
  return roles.map((role, index) => {
    if (role === 'agent') return agentOf(left.shift() ?? '');
    // Most of them in one project, to be in each other's way.
    return { ...userOf(projectIds[index % 4 === 3 ? 1 : 0] ?? ''), name: `${role} ${index + 1}`, role };
  });
}

function agentOf(host: string): Actor {
  return { name: `agent of ${host}`, role: 'agent', projectId: undefined, host };
}

function userOf(projectId: string): Actor {
  return { name: `user of ${projectId}`, role: 'user', projectId, host: undefined };
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
