import type { Network } from '@patchpanel/contract-network';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage, type TestCaller, type TestUser } from '../testing/stage.ts';

let stage: Stage;
let owner: TestUser;
let operator: TestUser;
let reader: TestUser;

/** By name: what the reader sees, of its own project, shared with it, and shared with all. */
const seen = new Map<string, Network>();

beforeAll(async () => {
  stage = await openStage();
  owner = await stage.user();
  operator = await stage.user(undefined, ['admin']);
  reader = await stage.user();
  const make = async (maker: TestUser, name: string, input: object = {}) => {
    seen.set(name, await maker.network({ name, ...input }));
  };
  await make(reader, 'delta', { tags: ['red', 'round'] });
  await make(owner, 'alpha', { tags: ['red'] });
  await make(operator, 'echo', { isSharedWithAll: true, tags: ['red', 'round'] });
  await make(reader, 'bravo', { provider: 'only4' });
  await make(owner, 'foxtrot', { provider: 'only4' });
  await make(reader, 'charlie', { tags: ['red'] });
  await owner.network({ name: 'hidden', tags: ['red'] });
  // One is shared with the reader in two ways.
  for (const [sharer, name] of [
    [owner, 'alpha'],
    [owner, 'foxtrot'],
    [operator, 'echo'],
  ] as const) {
    const path = `/v1/networks/${seen.get(name)?.id ?? ''}`;
    await sharer.put(`${path}/shares/${reader.projectId}`).expect(201);
    seen.set(name, (await sharer.get(path).expect(200)).body);
  }
});
afterAll(() => stage.close());

async function namesOf(caller: TestCaller, query: string): Promise<string[]> {
  const names: string[] = [];
  for (let pageToken: string | undefined; ;) {
    const suffix = pageToken === undefined ? '' : `&pageToken=${pageToken}`;
    const { body } = await caller.get(`/v1/networks?${query}${suffix}`).expect(200);
    names.push(...body.items.map(({ name }: Network) => name));
    pageToken = body.nextPageToken;
    if (pageToken === undefined) return names;
  }
}

describe('the list of networks', () => {
  it.each([
    ['limit=200', ['delta', 'alpha', 'echo', 'bravo', 'foxtrot', 'charlie']],
    ['limit=1', ['delta', 'alpha', 'echo', 'bravo', 'foxtrot', 'charlie']],
    ['limit=2&sort=-createdAt', ['charlie', 'foxtrot', 'bravo', 'echo', 'alpha', 'delta']],
    ['limit=1&sort=name', ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot']],
    ['limit=4&sort=-name', ['foxtrot', 'echo', 'delta', 'charlie', 'bravo', 'alpha']],
    ['limit=2&ownership=own', ['delta', 'bravo', 'charlie']],
    ['limit=2&ownership=own&sort=name', ['bravo', 'charlie', 'delta']],
    ['limit=2&ownership=shared', ['alpha', 'echo', 'foxtrot']],
    ['limit=1&ownership=shared&sort=-name', ['foxtrot', 'echo', 'alpha']],
    ['limit=2&tag=red', ['delta', 'alpha', 'echo', 'charlie']],
    ['limit=1&tag=red&sort=-name', ['echo', 'delta', 'charlie', 'alpha']],
    ['limit=1&tag=red&tag=round', ['delta', 'echo']],
    ['limit=1&tag=round&tag=red&ownership=own', ['delta']],
    ['tag=blue', []],
    ['limit=1&provider=only4', ['bravo', 'foxtrot']],
    ['limit=1&status=active&sort=name', ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot']],
    ['status=error', []],
    ['name=alpha', ['alpha']],
    ['name=hidden', []],
  ])('by %s has %j, whole and in that order', async (query, names) => {
    expect(await namesOf(reader, query)).toEqual(names);
  });

  it('gives each network as it is read alone', async () => {
    const { body } = await reader.get('/v1/networks').expect(200);
    expect(body.items).toEqual([...seen.values()]);
  });

  it('of a page token takes the same filters and order only', async () => {
    const { body } = await reader.get('/v1/networks?limit=1&tag=red').expect(200);
    for (const query of [
      'limit=1',
      'limit=1&tag=round',
      'limit=1&tag=red&sort=name',
      'limit=1&tag=red&ownership=own',
    ]) {
      const refused = await reader.get(`/v1/networks?${query}&pageToken=${body.nextPageToken}`).expect(400);
      expect(refused.body.code).toBe('invalid-page-token');
    }
    const stranger = await stage.user();
    await stranger.get(`/v1/networks?limit=1&tag=red&pageToken=${body.nextPageToken}`).expect(400);
  });

  it.each(['sort=size', 'ownership=all', 'tag=', 'status=lost', 'limit=0', 'colour=red'])(
    'refuses %s',
    async (query) => {
      const { body } = await reader.get(`/v1/networks?${query}`).expect(400);
      expect(body.code).toBe('invalid-request');
    },
  );

  it('has equal names in the order of their making, both ways', async () => {
    const other = await stage.user();
    const made = [];
    for (let index = 0; index < 5; index++) made.push((await other.network({ name: 'same' })).id);
    const ids = async (sort: string) => {
      const first = await other.get(`/v1/networks?ownership=own&limit=3&sort=${sort}`).expect(200);
      const second = await other
        .get(`/v1/networks?ownership=own&limit=3&sort=${sort}&pageToken=${first.body.nextPageToken}`)
        .expect(200);
      return [...first.body.items, ...second.body.items].map(({ id }: Network) => id);
    };
    expect(await ids('name')).toEqual(made);
    expect(await ids('-name')).toEqual(made.toReversed());
  });
});
