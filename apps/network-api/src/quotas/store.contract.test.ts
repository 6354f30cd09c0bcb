import { randomUUID } from 'node:crypto';
import { inTransaction, Problem } from '@patchpanel/service-kit';
import { testDatabase, type TestDatabase } from '@patchpanel/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrations } from '../migrations/index.ts';
import type { QuotaDefaults } from './resources.ts';
import {
  countForEach,
  lockQuotas,
  reserveForEach,
  reserveQuota,
  reserveUpTo,
  returnForEach,
  returnQuota,
} from './store.ts';

const quotaDefaults: QuotaDefaults = {
  networks: 3,
  subnets: 3,
  ports: 50,
  securityGroups: 3,
  securityGroupRules: 3,
};
const parts = { quotaDefaults };

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ migrations });
}, 60_000);
afterAll(() => database.close());

async function usedOf(projectId: string): Promise<Record<string, number>> {
  const rows = await database.knex('quotas').where({ project_id: projectId }).orderBy('resource');
  return Object.fromEntries(rows.map(({ resource, used_count: used }) => [resource, used]));
}

async function setLimit(projectId: string, resource: string, limit: number | null): Promise<void> {
  await database.knex('quotas').where({ project_id: projectId, resource }).update({ limit_count: limit });
}

const reserve = (projectId: string, count: number) =>
  inTransaction(database, (trx) => reserveQuota(trx, parts, projectId, 'networks', count));

describe('a quota', () => {
  it('counts what is made and what is gone, from the first one on', async () => {
    const projectId = randomUUID();
    await reserve(projectId, 2);
    await inTransaction(database, (trx) => returnQuota(trx, projectId, 'networks', 1));
    await inTransaction(database, (trx) => returnQuota(trx, projectId, 'networks', 0));
    await reserve(projectId, 2);
    expect(await usedOf(projectId)).toEqual({ networks: 3 });
  });

  it('refuses what does not fit, saying how it stands, and counts nothing of it', async () => {
    const projectId = randomUUID();
    await reserve(projectId, 2);
    const refusal: unknown = await reserve(projectId, 2).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Problem);
    expect(refusal).toMatchObject({
      code: 'quota-exceeded',
      status: 409,
      detail: 'The project may have 3 networks and has 2. Delete some, or ask for a higher limit.',
    });
    await expect(reserve(randomUUID(), 4)).rejects.toMatchObject({ code: 'quota-exceeded' });
    expect(await usedOf(projectId)).toEqual({ networks: 2 });
  });

  it("goes by the project's own limit, also below what it has, and above the default", async () => {
    const projectId = randomUUID();
    await reserve(projectId, 2);
    await setLimit(projectId, 'networks', 1);
    await expect(reserve(projectId, 1)).rejects.toMatchObject({ code: 'quota-exceeded' });
    await setLimit(projectId, 'networks', 100);
    await reserve(projectId, 98);
    await expect(reserve(projectId, 1)).rejects.toMatchObject({ code: 'quota-exceeded' });
    await setLimit(projectId, 'networks', null);
    await inTransaction(database, (trx) => returnQuota(trx, projectId, 'networks', 98));
    await reserve(projectId, 1);
    expect(await usedOf(projectId)).toEqual({ networks: 3 });
  });

  it('grants as much as fits, to many projects in one statement', async () => {
    const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];
    await reserve(two, 2);
    await reserve(three, 3);
    await setLimit(three, 'networks', 0);
    const grants = await inTransaction(database, (trx) =>
      reserveForEach(
        trx,
        parts,
        'networks',
        new Map([
          [one, 5],
          [two, 1],
          [three, 1],
        ]),
      ),
    );
    expect(grants.get(one)).toEqual({ granted: 3, limit: 3, usedBefore: 0 });
    expect(grants.get(two)).toEqual({ granted: 1, limit: 3, usedBefore: 2 });
    expect(grants.get(three)).toEqual({ granted: 0, limit: 0, usedBefore: 3 });
    await inTransaction(database, (trx) =>
      returnForEach(
        trx,
        'networks',
        new Map([
          [one, 2],
          [two, 0],
          [three, 1],
        ]),
      ),
    );
    expect([await usedOf(one), await usedOf(two), await usedOf(three)]).toEqual([
      { networks: 1 },
      { networks: 3 },
      { networks: 2 },
    ]);
    expect(await inTransaction(database, (trx) => reserveUpTo(trx, parts, one, 'networks', 9))).toBe(2);
    expect(await inTransaction(database, (trx) => reserveUpTo(trx, parts, one, 'networks', 9))).toBe(0);
  });

  it('is not asked by what is made whatever it says, but counts it', async () => {
    const projectId = randomUUID();
    await reserve(projectId, 3);
    await inTransaction(database, (trx) => countForEach(trx, 'networks', new Map([[projectId, 2]])));
    expect(await usedOf(projectId)).toEqual({ networks: 5 });
    await expect(reserve(projectId, 1)).rejects.toMatchObject({ code: 'quota-exceeded' });
  });

  it('notices when more is returned than was ever counted', async () => {
    const projectId = randomUUID();
    const giveBack = () => inTransaction(database, (trx) => returnQuota(trx, projectId, 'networks', 1));
    await expect(giveBack()).rejects.toThrow('never counted');
    await reserve(projectId, 1);
    await giveBack();
    await expect(giveBack()).rejects.toThrow('quotas_used_count_check');
  });

  it('comes back when the transaction does', async () => {
    const projectId = randomUUID();
    const failed = inTransaction(database, async (trx) => {
      await reserveQuota(trx, parts, projectId, 'networks', 3);
      throw new Error('changed its mind');
    });
    await expect(failed).rejects.toThrow('changed its mind');
    await reserve(projectId, 3);
  });
});

describe('quotas under contention', () => {
  it('are exact, also from the first use on, and for batches of several projects in any order', async () => {
    const projects = Array.from({ length: 3 }, () => randomUUID());
    let granted = 0;
    const work = Array.from({ length: 60 }, (_, index) =>
      inTransaction(database, async (trx) => {
        const asked = new Map<string, number>();
        for (const shift of [0, 1]) asked.set(projects[(index + shift) % 3] ?? '', 1 + (index % 3));
        const grants = await reserveForEach(trx, parts, 'ports', asked);
        return [...grants.values()].reduce((sum, grant) => sum + grant.granted, 0);
      }).then((count) => {
        granted += count;
      }),
    );
    await Promise.all(work);
    expect(granted).toBe(150);
    for (const projectId of projects) expect(await usedOf(projectId)).toEqual({ ports: 50 });
  });

  it('are exact when making and deleting meet', async () => {
    const projectId = randomUUID();
    let balance = 0;
    const attempts = Array.from({ length: 80 }, (_, index) =>
      inTransaction(database, async (trx) => {
        if (index % 2 === 0) return reserveUpTo(trx, parts, projectId, 'ports', 3);
        await lockQuotas(trx, 'ports', [projectId]);
        const rows: { used_count: number }[] = await trx('quotas').where({
          project_id: projectId,
          resource: 'ports',
        });
        const count = Math.min(2, rows[0]?.used_count ?? 0);
        await returnQuota(trx, projectId, 'ports', count);
        return -count;
      }).then((change) => {
        balance += change;
      }),
    );
    await Promise.all(attempts);
    expect((await usedOf(projectId))['ports'] ?? 0).toBe(balance);
  });
});
