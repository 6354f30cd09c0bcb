import { randomUUID } from 'node:crypto';
import { inTransaction, openDatabase, silentLogger, type Database } from '@patchpanel/service-kit';
import { recordingAgent } from '@patchpanel/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createNetworkApp } from '../app.ts';
import { migrations } from '../migrations/index.ts';
import {
  appOptions,
  callerOf,
  networkDocument,
  openStage,
  type Stage,
  type TestCaller,
} from '../testing/stage.ts';
import { compareMemberships, joinGroups, membersChanged, setPortGroups } from './membership.ts';

let stage: Stage;
let replica: Database;

beforeAll(async () => {
  stage = await openStage();
  const { databaseUrl } = stage.database;
  replica =
    databaseUrl === undefined
      ? stage.database
      : await openDatabase({ databaseUrl, poolSize: 8 }, { migrations, logger: silentLogger() });
});
afterAll(async () => {
  if (replica !== stage.database) await replica.close();
  await stage.close();
});

// Hundreds of requests take a while on the embedded database when the machine is busy.
vi.setConfig({ testTimeout: 180_000 });

const groups = '/v1/security-groups';

/** A user of a new project, served by one replica or the other. PGlite has one: there both are the same. */
async function userOfBoth() {
  const user = await stage.user();
  const { app } = await createNetworkApp(appOptions(replica, stage.issuer, 0));
  const token = await stage.issuer.userToken({ projectId: user.projectId, audience: 'network' });
  const callers: readonly [TestCaller, TestCaller] = [
    user,
    callerOf(recordingAgent(app, 'network', networkDocument), token),
  ];
  return { user, by: (index: number) => callers[index % 2 === 0 ? 0 : 1] };
}

async function usedBy(caller: TestCaller) {
  const { body } = await caller.get('/v1/quota').expect(200);
  return [body.securityGroups.used, body.securityGroupRules.used];
}

/**
 * Counts the transactions that begin meanwhile. Each request here is one: there are more only when the database broke a circle of
 * waiters, and one of them began again.
 */
async function transactionsOf(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const note = ({ sql }: { sql: string }) => {
    if (sql.toLowerCase().startsWith('begin')) count++;
  };
  const databases = new Set([stage.database.knex, replica.knex]);
  for (const knex of databases) knex.on('query', note);
  try {
    await work();
  } finally {
    for (const knex of databases) knex.removeListener('query', note);
  }
  return count;
}

describe('two replicas', () => {
  it('make one default group, whoever looks first', async () => {
    const { by } = await userOfBoth();
    const lists = await Promise.all(
      Array.from({ length: 12 }, (_, index) => by(index).get(groups).expect(200)),
    );
    const ids = lists.map(({ body }) => body.items.map(({ id }: { id: string }) => id).join());
    expect(new Set(ids).size).toBe(1);
    expect(await usedBy(by(0))).toEqual([1, 4]);
  });

  it('make as many groups and rules as the quota has room for', async () => {
    const { user, by } = await userOfBoth();
    const operator = await stage.user(undefined, ['admin']);
    await operator
      .patch(`/v1/projects/${user.projectId}/quota`, { securityGroups: 7, securityGroupRules: 20 })
      .expect(200);
    const made = await Promise.all(Array.from({ length: 20 }, (_, index) => by(index).post(groups, {})));
    const kept = made.filter(({ status }) => status === 201);
    expect(kept).toHaveLength(7);
    const rules = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        by(index).post(`${groups}/${kept[index % 7]?.body.id}/rules`, {
          direction: 'ingress',
          etherType: 'ipv4',
          protocol: String(index),
          ...(index % 3 === 0 ? { remoteGroupId: kept[(index + 1) % 7]?.body.id } : {}),
        }),
      ),
    );
    // Of the numbers up to 19 none is the other ICMP's.
    expect(rules.filter(({ status }) => status === 201)).toHaveLength(6);
    const refusals = [...made, ...rules].filter(({ status }) => status !== 201);
    expect(new Set(refusals.map(({ body }) => body.code))).toEqual(new Set(['quota-exceeded']));
    expect(await usedBy(user)).toEqual([7, 20]);
  });

  it('add a rule once, and count the changes of its group', async () => {
    const { user, by } = await userOfBoth();
    const { body: group } = await user.post(groups, {}).expect(201);
    const rule = { direction: 'ingress', etherType: 'ipv4', protocol: 'tcp' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => by(index).post(`${groups}/${group.id}/rules`, rule)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(9).fill(409)]);
    expect((await user.get(`${groups}/${group.id}`).expect(200)).body.revision).toBe(2);
    expect(await usedBy(user)).toEqual([1, 3]);
  });

  it('change, use and delete groups at once without waiting in a circle, and leave nothing dangling', async () => {
    const { user, by } = await userOfBoth();
    const network = await user.network();
    const ports: string[] = [];
    for (let index = 0; index < 4; index++) {
      ports.push((await user.port(network.id, { fixedIps: [], securityGroupIds: [] })).id);
    }
    for (let round = 0; round < 4; round++) {
      const made: string[] = [];
      for (let index = 0; index < 3; index++) made.push((await user.post(groups, {}).expect(201)).body.id);
      const works = [
        ...ports.flatMap((portId, index) => [
          () => moveInto(portId, made, index),
          () => moveInto(portId, made.toReversed(), index),
        ]),
        ...made.flatMap((id, index) => [
          () => by(index).patch(`${groups}/${id}`, { name: `round ${round}` }),
          () =>
            by(index).post(`${groups}/${id}/rules`, {
              direction: 'ingress',
              etherType: 'ipv4',
              remoteGroupId: made[(index + 1) % 3],
            }),
          () => by(index + 1).delete(`${groups}/${id}`),
        ]),
      ];
      const begun = await transactionsOf(() => Promise.all(works.map((work) => work())));
      expect(begun).toBe(works.length);
    }
    const { rows } = await stage.database.knex.raw(
      `select
         (select count(*) from security_groups where project_id = :projectId) as groups,
         (select count(*) from security_group_rules where project_id = :projectId) as rules`,
      { projectId: user.projectId },
    );
    expect(await usedBy(user)).toEqual([rows[0].groups, rows[0].rules]);
    for (const id of await stage.database
      .knex('security_groups')
      .where({ project_id: user.projectId })
      .pluck('id')) {
      const { status, body } = await user.delete(`${groups}/${id}`);
      expect([204, 409]).toContain(status);
      if (status === 409) expect(body.code).toBe('security-group-in-use');
    }
  });
});

/** What a change of a port's groups does: it locks the port, and groups behind it, in whatever order they were given. */
async function moveInto(portId: string, groupIds: string[], index: number): Promise<void> {
  const database = index % 2 === 0 ? stage.database : replica;
  const addresses = [`10.0.0.${index}`];
  const work = inTransaction(database, async (trx) => {
    await trx('ports').where({ id: portId }).forUpdate();
    const before: string[] = await trx('port_security_groups')
      .where({ port_id: portId })
      .pluck('security_group_id');
    await setPortGroups(trx, [{ portId, groupIdsBefore: before, groupIds }]);
    await membersChanged(
      trx,
      compareMemberships(portId, { groupIds: before, addresses }, { groupIds, addresses }),
    );
  });
  await work.catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'security-group-not-found' });
  });
}

describe('a group that goes while ports are put into it', () => {
  it('either has them or is not found, and never both', async () => {
    const { user, by } = await userOfBoth();
    const network = await user.network();
    for (let round = 0; round < 6; round++) {
      const { body: group } = await user.post(groups, {}).expect(201);
      const port = await user.port(network.id, { fixedIps: [], securityGroupIds: [] });
      const joining = inTransaction(round % 2 === 0 ? stage.database : replica, (trx) =>
        joinGroups(trx, [{ portId: port.id, groupIds: [group.id], addresses: [`10.0.0.${round}`] }]),
      ).then(
        () => 'joined',
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'security-group-not-found' });
          return 'refused';
        },
      );
      const [deleted, joined] = await Promise.all([by(round).delete(`${groups}/${group.id}`), joining]);
      expect([deleted.status, joined]).toEqual(deleted.status === 204 ? [204, 'refused'] : [409, 'joined']);
    }
    expect(await usedBy(user)).toEqual([
      await countOf('security_groups', user.projectId),
      await countOf('security_group_rules', user.projectId),
    ]);
  });

  it('spoils nothing for the ports that are made beside those', async () => {
    const { user, by } = await userOfBoth();
    const network = await user.network();
    const ports = `/v1/networks/${network.id}/ports`;
    let refused = 0;
    for (let round = 0; round < 5; round++) {
      const { body: group } = await user.post(groups, {}).expect(201);
      const inputs = Array.from({ length: 12 }, (_, index) => ({
        fixedIps: [],
        ...(index % 2 === 0 ? {} : { securityGroupIds: [group.id] }),
      }));
      const making = inputs.map((input, index) => by(index >> 1).post(ports, input));
      const [deleted, ...made] = await Promise.all([by(round).delete(`${groups}/${group.id}`), ...making]);
      for (const [index, { status, body }] of made.entries()) {
        if (index % 2 === 0 || status === 201) expect(status).toBe(201);
        else expect(body).toMatchObject({ status: 404, code: 'security-group-not-found' });
        if (status === 404) refused++;
      }
      const members = made.filter(({ status }, index) => index % 2 === 1 && status === 201);
      expect(deleted.status).toBe(members.length === 0 ? 204 : 409);
    }
    const { body } = await user.get('/v1/quota').expect(200);
    expect(body.ports.used).toBe(60 - refused);
    expect(await countOf('ports', user.projectId)).toBe(60 - refused);
  });
});

async function countOf(table: string, projectId: string): Promise<number> {
  const rows = await stage.database.knex(table).where({ project_id: projectId }).pluck('id');
  return rows.length;
}

describe('a replay of a creation', () => {
  it('on the other replica gives the first answer', async () => {
    const { by } = await userOfBoth();
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) => by(index).post(groups, {}).set('idempotency-key', key)),
    );
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    expect(await usedBy(by(0))).toEqual([1, 2]);
  });
});
