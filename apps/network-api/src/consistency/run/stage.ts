import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  currentCursor,
  openDatabase,
  readEvents,
  silentLogger,
  type Database,
  type FeedEvent,
} from '@patchpanel/service-kit';
import {
  mintTokens,
  testDatabase,
  type TestDatabase,
  type TestIssuer,
} from '@patchpanel/service-kit/testing';
import { migrations } from '../../migrations/index.ts';
import { Wire } from './http.ts';
import { Replicas } from './replicas.ts';

/** Replicas of network-api as processes of their own, and a way to their whole feed past them. */
export interface Stage {
  readonly replicas: Replicas;
  readonly issuer: TestIssuer;
  readonly wire: Wire;
  /** The whole feed since it was last asked for; nothing may be under way. */
  newEvents(): Promise<FeedEvent[]>;
  close(): Promise<void>;
}

interface Ground {
  readonly database: { readonly url: string } | { readonly folder: string };
  /** Works on the database itself, beside the replicas or instead of them. */
  withDatabase<T>(replicas: Replicas, work: (database: Database) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Two replicas on a PostgreSQL database of their own. */
export async function openPostgresStage(): Promise<Stage> {
  const database: TestDatabase = await testDatabase({ migrations, engine: 'postgres', poolSize: 2 });
  const { databaseUrl } = database;
  if (databaseUrl === undefined) throw new Error('this is no PostgreSQL');
  return openStage(['A', 'B'], () => ({
    database: { url: databaseUrl },
    withDatabase: (_replicas, work) => work(database),
    close: () => database.close(),
  }));
}

/** One replica on an embedded database in a folder, which is read while the replica is down. */
export async function openEmbeddedStage(): Promise<Stage> {
  return openStage(['A'], (scratch) => {
    const folder = join(scratch, 'data');
    return {
      database: { folder },
      async withDatabase(replicas, work) {
        const wasServing = replicas.areServing;
        await replicas.stop();
        const location = { dataDir: join(folder, 'db') };
        const database = await openDatabase(location, { migrations, logger: silentLogger() });
        try {
          return await work(database);
        } finally {
          await database.close();
          if (wasServing) await replicas.start();
        }
      },
      close: () => Promise.resolve(),
    };
  });
}

async function openStage(names: readonly string[], lay: (scratch: string) => Ground): Promise<Stage> {
  const scratch = mkdtempSync(join(tmpdir(), 'patchpanel-consistency-'));
  const issuer = await mintTokens();
  const jwksFile = join(scratch, 'jwks.json');
  writeFileSync(jwksFile, JSON.stringify(issuer.jwks));
  const ground = lay(scratch);
  const replicas = new Replicas(names, {
    database: ground.database,
    jwksFile,
    issuer: issuer.issuer,
    environment: process.env,
  });
  const wire = new Wire();
  let cursor: string;
  const close = async () => {
    wire.close();
    await replicas.stop();
    await ground.close();
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    cursor = await ground.withDatabase(replicas, ({ knex }) => currentCursor(knex));
    await replicas.start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    replicas,
    issuer,
    wire,
    async newEvents() {
      const { events, end } = await ground.withDatabase(replicas, (database) => readAll(database, cursor));
      cursor = end;
      return events;
    },
    close,
  };
}

async function readAll(database: Database, from: string): Promise<{ events: FeedEvent[]; end: string }> {
  const events: FeedEvent[] = [];
  for (let cursor = from; ;) {
    const page = await readEvents(database, { filter: { everything: true }, cursor, limit: 1000 });
    if (page.items.length === 0) return { events, end: cursor };
    events.push(...page.items);
    cursor = page.nextCursor;
  }
}
