import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixtureMigrations } from './testing/fixture-api.ts';
import { mintTokens, openStream, testDatabase, testEngine, type TestDatabase } from './testing/index.ts';

const program = fileURLToPath(new URL('testing/serving-program.ts', import.meta.url));
const projectId = '019a0000-0000-7000-8000-00000000aaaa';

let database: TestDatabase;
let running: ChildProcess;
let url: string;
let headers: { authorization: string; 'content-type': string };
const said: Record<string, unknown>[] = [];

beforeEach(async () => {
  if (testEngine() !== 'postgres') return;
  database = await testDatabase({ migrations: fixtureMigrations });
  const issuer = await mintTokens();
  const token = await issuer.userToken({ projectId, audience: 'network' });
  headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  running = spawn(process.execPath, [program], {
    env: { ...process.env, DATABASE_URL: database.databaseUrl, JWKS: JSON.stringify(issuer.jwks) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  said.length = 0;
  if (running.stdout)
    createInterface({ input: running.stdout }).on('line', (line) => said.push(JSON.parse(line)));
  url = String((await saying('listening'))['public']);
});
afterEach(async () => {
  if (testEngine() !== 'postgres') return;
  running.kill('SIGKILL');
  await database.close();
});

async function saying(message: string): Promise<Record<string, unknown>> {
  const find = () => said.find(({ msg }) => msg === message);
  await expect.poll(find, { timeout: 60_000 }).toBeDefined();
  return find() ?? {};
}

const create = (name: string) =>
  fetch(`${url}/v1/things`, { method: 'POST', headers, body: JSON.stringify({ name }) });

/** How many of the program's statements wait for a lock. */
async function waiting(): Promise<number> {
  const { rows }: { rows: { count: number }[] } = await database.knex.raw(
    `select count(*)::int as count from pg_locks join pg_database on pg_database.oid = database
     where not granted and datname = current_database()`,
  );
  return rows[0]?.count ?? 0;
}

describe.runIf(testEngine() === 'postgres')('a service that is told to stop', () => {
  it(
    'finishes what it accepted, ends long polls and streams, and exits with 0',
    { timeout: 120_000 },
    async () => {
      const stream = await openStream(`${url}/v1/events`, headers);
      await stream.next();
      const polling = fetch(`${url}/v1/events?waitSeconds=50`, { headers });
      const holding = await database.knex.transaction();
      await holding.raw('lock table things in exclusive mode');
      const creating = ['a', 'b', 'c'].map((name) => create(name));
      await expect.poll(waiting, { timeout: 20_000 }).toBe(3);
      await expect
        .poll(async () => (await (await fetch(`${url}/metrics`)).text()).includes('http_requests_open 6'), {
          timeout: 20_000,
        })
        .toBe(true);
      const exited = once(running, 'exit');
      running.kill('SIGTERM');
      await saying('stopping');
      // They end at once: nobody has to wait for the rest of a poll.
      expect((await polling).status).toBe(200);
      expect(await stream.nextEvent()).toBeUndefined();
      await holding.rollback();
      for (const answer of await Promise.all(creating)) expect(answer.status).toBe(201);
      expect(await exited).toEqual([0, null]);
      expect(await database.knex('things').pluck('name')).toEqual(expect.arrayContaining(['a', 'b', 'c']));
      expect(said.filter(({ msg, status }) => msg === 'request' && status !== 201 && status !== 200)).toEqual(
        [],
      );
      await expect(create('late')).rejects.toThrow('fetch failed');
    },
  );
});
