import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
import {
  answerEvents,
  appendEvents,
  checkIfMatch,
  commonProblemCodes,
  createApiApp,
  createMetrics,
  defineProblems,
  idempotently,
  inTransaction,
  kitMigrations,
  mapConstraint,
  readEvents,
  readPageRequest,
  selectPage,
  serviceOperation,
  silentLogger,
  toPage,
  userOperation,
  type ApiApp,
  type ApiAppOptions,
  type Database,
  type FeedQuery,
  type Migration,
  type OperationHandlers,
} from '../index.ts';
import { fixtureDocument } from './fixture-document.ts';

const problemCodes = {
  ...commonProblemCodes,
  'thing-not-found': { status: 404, title: 'There is no such thing' },
  'name-taken': { status: 409, title: 'The name is taken' },
} as const;
const problem = defineProblems(problemCodes);

export const fixtureMigrations: readonly Migration[] = [
  ...kitMigrations,
  {
    name: 'things-001',
    up: async (connection) => {
      await connection.raw(`
        create table things (
          id uuid primary key,
          project_id uuid not null,
          name text not null,
          friend_id uuid,
          revision integer not null default 1,
          created_at timestamptz not null default now(),
          constraint things_name unique (project_id, name)
        )`);
    },
  },
];

interface ThingRow {
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
  readonly friend_id: string | null;
  readonly revision: number;
  readonly created_at: string;
}

interface ThingInput {
  readonly name: string;
  readonly friendId?: string | null;
}

function toThing(row: ThingRow) {
  return {
    id: row.id,
    name: row.name,
    ...(row.friend_id === null ? {} : { friendId: row.friend_id }),
    revision: row.revision,
    createdAt: row.created_at,
  };
}

async function findThing(connection: Knex, projectId: string, id: string): Promise<ThingRow> {
  const row = await connection<ThingRow>('things').where({ id, project_id: projectId }).first();
  if (!row) throw problem('thing-not-found', `There is no thing ${id} in your project.`);
  return row;
}

/** The handlers of the fixture: the smallest honest service that uses every part of the kit. */
export function fixtureHandlers(
  database: Database,
  { idleSeconds }: { readonly idleSeconds?: number } = {},
): OperationHandlers {
  return {
    listThings: userOperation<{ query: { limit?: number; pageToken?: string; name?: string } }>(
      async ({ query, caller }) => {
        const page = readPageRequest(query, { project: caller.projectId, name: query.name });
        const things = database.knex<ThingRow>('things').where('project_id', caller.projectId);
        if (query.name !== undefined) things.where('name', query.name);
        const rows: ThingRow[] = await selectPage(things, page);
        return { status: 200, body: toPage(rows, page, toThing) };
      },
    ),
    createThing: userOperation<{ body: ThingInput }>(async ({ body, caller, idempotency }) =>
      inTransaction(database, (trx) =>
        idempotently(trx, idempotency, async () => {
          const [row] = await mapConstraint(
            { things_name: (cause) => problem('name-taken', 'Choose another name.', { cause }) },
            () =>
              trx<ThingRow>('things')
                .insert({
                  id: uuidv7(),
                  project_id: caller.projectId,
                  name: body.name,
                  friend_id: body.friendId ?? null,
                })
                .returning('*'),
          );
          if (!row) throw new Error('the insert returned nothing');
          const event = {
            resourceType: 'thing',
            resourceId: row.id,
            revision: 1,
            change: 'created',
            data: toThing(row),
          };
          await appendEvents(trx, [
            { ...event, audience: 'host-a' },
            { ...event, projectId: caller.projectId },
          ]);
          return { status: 201, body: toThing(row), headers: { location: `/v1/things/${row.id}` } };
        }),
      ),
    ),
    getThing: userOperation<{ params: { thingId: string } }>(async ({ params, caller }) => ({
      status: 200,
      body: toThing(await findThing(database.knex, caller.projectId, params.thingId)),
    })),
    updateThing: userOperation<{ params: { thingId: string }; body: Partial<ThingInput> }>(
      async ({ params, body, caller, ifMatch }) =>
        inTransaction(database, async (trx) => {
          const found = await findThing(trx, caller.projectId, params.thingId);
          checkIfMatch(ifMatch, found.revision);
          const [row] = await trx<ThingRow>('things')
            .where({ id: found.id })
            .update({ name: body.name ?? found.name, revision: found.revision + 1 })
            .returning('*');
          if (!row) throw new Error('the update returned nothing');
          return { status: 200, body: toThing(row) };
        }),
    ),
    deleteThing: userOperation<{ params: { thingId: string } }>(async ({ params, caller }) =>
      inTransaction(database, async (trx) => {
        const found = await findThing(trx, caller.projectId, params.thingId);
        await trx('things').where({ id: found.id }).delete();
        return { status: 204 };
      }),
    ),
    listChanges: serviceOperation<{ query: { cursor?: string; waitSeconds: number } }>(
      async ({ query, caller, signal }) => {
        const batch = await readEvents(database, {
          filter: { audiences: [caller.host] },
          cursor: query.cursor,
          waitSeconds: query.waitSeconds,
          signal,
        });
        return { status: 200, body: batch };
      },
    ),
    followEvents: userOperation<{ query: FeedQuery & { resourceType?: readonly string[] } }>(
      async ({ caller, ...request }) =>
        answerEvents(database, request, {
          filter: { project: caller.projectId, resourceTypes: request.query.resourceType },
          present: ({ resourceType, change, resourceId, data }) => ({
            name: `${resourceType}.${change}`,
            item: { resourceId, data },
          }),
          idleSeconds,
        }),
    ),
  };
}

/** The fixture as an app, with any part replaced. */
export function fixtureApp(
  database: Database,
  options: Pick<ApiAppOptions, 'auth'> & Partial<ApiAppOptions>,
): Promise<ApiApp> {
  return createApiApp({
    document: fixtureDocument,
    handlers: fixtureHandlers(database),
    problemCodes,
    logger: silentLogger(),
    metrics: createMetrics({ defaults: false }),
    readiness: () => database.ping(),
    validateResponses: true,
    ...options,
  });
}
