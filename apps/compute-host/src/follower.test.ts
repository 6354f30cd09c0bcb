import { silentLogger } from '@patchpanel/service-kit';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { RemoteComputeService } from './compute-service.ts';
import { followAssignments, sendHeartbeats, type FollowerOptions } from './follower.ts';
import type { Assignment } from './generated/index.ts';
import { assignmentOf } from './testing/assignments.ts';
import { eventually } from './testing/eventually.ts';
import { FakeComputeApi } from './testing/fake-compute-api.ts';
import { TokenFile } from './token-file.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** What the follower says is wanted, as the reconciler would know it. */
class WantedBook {
  readonly wanted = new Map<string, Assignment>();
  readonly unassigned: string[] = [];
  fullLists = 0;
  retries = 0;
  assign(assignment: Assignment): void {
    this.wanted.set(assignment.instanceId, assignment);
  }
  unassign(instanceId: string): void {
    this.unassigned.push(instanceId);
    this.wanted.delete(instanceId);
  }
  async assignAll(assignments: readonly Assignment[]): Promise<void> {
    this.fullLists += 1;
    this.wanted.clear();
    for (const assignment of assignments) this.assign(assignment);
  }
  retryNow(): void {
    this.retries += 1;
  }
}

async function follow() {
  const folder = await mkdtemp(join(tmpdir(), 'patchpanel-follower-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const tokenFile = join(folder, 'token');
  const api = new FakeComputeApi();
  cleanups.push(() => api.stop());
  await api.start();
  await writeFile(tokenFile, `${api.token}\n`);
  const book = new WantedBook();
  const token = new TokenFile(tokenFile);
  const ending = new AbortController();
  let following = 0;
  let attempts = 0;
  const options: FollowerOptions = {
    compute: new RemoteComputeService({
      url: api.url,
      accessToken: () => {
        attempts += 1;
        return token.read();
      },
    }),
    reconciler: book,
    registration: { driver: 'simulated', instanceCapacity: 3 },
    log: silentLogger(),
    waitSeconds: 30,
    retry: { initialMs: 5, mostMs: 20 },
    onFollowing: () => (following += 1),
  };
  const start = () => {
    const loops = Promise.all([
      followAssignments(options, ending.signal),
      sendHeartbeats(options, ending.signal),
    ]);
    cleanups.push(async () => {
      ending.abort();
      await loops;
    });
  };
  return { api, book, start, tokenFile, followingCalls: () => following, attemptedCalls: () => attempts };
}

test('the host registers, takes over every page of its list, and follows what changes', async () => {
  const { api, book, start, followingCalls } = await follow();
  const ids = ['a', 'b', 'c', 'd', 'e'];
  for (const id of ids) api.put(assignmentOf(id));
  start();
  await eventually(() => expect([...book.wanted.keys()]).toEqual(ids));
  expect(api.registrations[0]).toEqual({ driver: 'simulated', instanceCapacity: 3 });
  await eventually(() => expect(followingCalls()).toBe(1));
  api.put(assignmentOf('f'));
  api.put(assignmentOf('a', { desired: 'stopped', revision: 2 }));
  api.delete('b');
  await eventually(() => expect(book.unassigned).toEqual(['b']));
  expect([...book.wanted.keys()].toSorted()).toEqual(['a', 'c', 'd', 'e', 'f']);
  expect(book.wanted.get('a')).toMatchObject({ desired: 'stopped', revision: 2 });
  expect(book.fullLists).toBe(1);
});

test('while compute-api is away nothing is unassigned, and the feed is taken up where it was left', async () => {
  const { api, book, start, attemptedCalls } = await follow();
  api.put(assignmentOf('a'));
  start();
  await eventually(() => expect(api.follows).toBeGreaterThan(0));
  await api.stop();
  api.put(assignmentOf('b'));
  api.delete('a');
  const before = attemptedCalls();
  await eventually(() => expect(attemptedCalls()).toBeGreaterThan(before + 3));
  expect([...book.wanted.keys()]).toEqual(['a']);
  await api.start();
  await eventually(() => expect([...book.wanted.keys()]).toEqual(['b']));
  expect(book.unassigned).toEqual(['a']);
  expect(book.fullLists).toBe(1);
  await eventually(() => expect(book.retries).toBe(1));
});

test('compute-api may come up after the host', async () => {
  const { api, book, start } = await follow();
  api.put(assignmentOf('a'));
  await api.stop();
  start();
  await api.start();
  await eventually(() => expect([...book.wanted.keys()]).toEqual(['a']));
});

test.each(['invalid-cursor', 'events-compacted'] as const)(
  'a cursor that is worth nothing any more (%s) is answered by taking over the full list',
  async (loss) => {
    const { api, book, start } = await follow();
    api.put(assignmentOf('a'));
    api.put(assignmentOf('b'));
    start();
    await eventually(() => expect(api.follows).toBeGreaterThan(0));
    api.restore([assignmentOf('b'), assignmentOf('c')], loss);
    await eventually(() => expect([...book.wanted.keys()]).toEqual(['b', 'c']));
    expect(book.fullLists).toBe(2);
  },
);

test('a host that compute-api has forgotten registers again', async () => {
  const { api, start } = await follow();
  start();
  api.heartbeatSeconds = 0.01;
  await eventually(() => expect(api.heartbeats).toBeGreaterThan(3));
  const { length } = api.registrations;
  api.forgetHost();
  await eventually(() => expect(api.registrations.length).toBeGreaterThan(length));
  const { heartbeats } = api;
  await eventually(() => expect(api.heartbeats).toBeGreaterThan(heartbeats + 3));
});

test('a host that is forgotten together with its cursor registers before it asks for its list', async () => {
  const { api, book, start } = await follow();
  api.heartbeatSeconds = 3600;
  start();
  await eventually(() => expect(api.follows).toBeGreaterThan(0));
  api.forgetHost();
  api.restore([assignmentOf('a')]);
  await eventually(() => expect([...book.wanted.keys()]).toEqual(['a']));
});

test('a renewed token is taken from its file without a restart', async () => {
  const { api, book, start, tokenFile } = await follow();
  start();
  await eventually(() => expect(api.follows).toBeGreaterThan(0));
  api.token = 'second-token';
  api.put(assignmentOf('a'));
  await writeFile(`${tokenFile}.new`, api.token);
  await rename(`${tokenFile}.new`, tokenFile);
  await eventually(() => expect([...book.wanted.keys()]).toEqual(['a']));
});

test('without a token nothing is asked, until there is one', async () => {
  const { api, book, start, tokenFile, attemptedCalls } = await follow();
  api.put(assignmentOf('a'));
  await rm(tokenFile);
  start();
  const before = attemptedCalls();
  await eventually(() => expect(attemptedCalls()).toBeGreaterThan(before + 3));
  expect(api.registrations).toEqual([]);
  await writeFile(tokenFile, api.token);
  await eventually(() => expect([...book.wanted.keys()]).toEqual(['a']));
});
