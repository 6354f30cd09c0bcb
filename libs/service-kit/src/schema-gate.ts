import { AsyncLocalStorage } from 'node:async_hooks';
import type { Knex } from 'knex';
import { commonProblem } from './common-problems.ts';
import { isDatabaseUnavailable } from './database-errors.ts';
import type { Logger } from './logger.ts';
import { findSchemaFlaw, type Migration } from './migrate.ts';

/** Lets queries through to the database only while its schema is one that this program can work with. */
export interface SchemaGate {
  /** Looks at the schema, and opens or closes accordingly. Throws while it is closed, with what is wrong. */
  check(): Promise<void>;
  close(): void;
}

export interface SchemaGateOptions {
  readonly migrations: readonly Migration[];
  readonly logger: Logger;
  /** Has to be done before the first query of anybody else; once. */
  readonly prepare: () => Promise<void>;
  /** Whether another process can change the schema. */
  readonly isShared: boolean;
}

/** While it is closed; and while it is open, for a newer program may have migrated the database under this one. */
const recheckMs = { closed: 1_000, open: 5_000 };

/**
 * Closes the way to the database until its schema has been found fit: whoever asks meanwhile is told what is wrong
 * (`service-unavailable`, 503), instead of something wrong by a query on half a schema. It looks again by itself.
 */
export function closeUntilFit(knex: Knex, options: SchemaGateOptions): SchemaGate {
  const { migrations, logger, prepare, isShared } = options;
  const passing = new AsyncLocalStorage<true>();
  let flaw: string | undefined = 'The schema of the database has yet to be looked at.';
  let isPrepared = false;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  let checking: Promise<void> | undefined;

  // knex types its client as `any`; this method has been there since its first versions.
  const { client } = knex as { client: { acquireConnection(): Promise<unknown> } };
  const acquire = client.acquireConnection.bind(client);
  client.acquireConnection = () =>
    flaw === undefined || passing.getStore() ? acquire() : Promise.reject(unfit(flaw));

  const look = async () => {
    const found = await findSchemaFlaw(knex, migrations);
    if (found === undefined && !isPrepared) {
      await prepare();
      isPrepared = true;
    }
    if (found !== flaw && found !== undefined) logger.error({ flaw: found }, 'the database cannot be used');
    else if (found !== flaw) logger.info('the database can be used');
    flaw = found;
  };
  const check = () => (checking ??= passing.run(true, look).finally(() => (checking = undefined)));
  const watch = () => {
    if (isOver || (!isShared && flaw === undefined)) return;
    timer = setTimeout(
      () => {
        check()
          .catch((error: unknown) => {
            // Anything else is a mistake of the program or its set-up, which does not go away: it is nobody's, and ends the process.
            if (!isOver && !isDatabaseUnavailable(error)) throw error;
          })
          .finally(watch);
      },
      flaw === undefined ? recheckMs.open : recheckMs.closed,
    ).unref();
  };
  watch();
  return {
    async check() {
      await check();
      if (flaw !== undefined) throw unfit(flaw);
    },
    close() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}

const refusals = new WeakSet<Error>();

function unfit(flaw: string): Error {
  const refusal = commonProblem('service-unavailable', flaw, { headers: { 'retry-after': '5' } });
  refusals.add(refusal);
  return refusal;
}

/** Whether somebody was not let through. */
export function isUnfit(error: unknown): boolean {
  return error instanceof Error && refusals.has(error);
}
