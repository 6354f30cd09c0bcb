import { errorCode } from './database-errors.ts';
import type { Logger } from './logger.ts';

/** Notices that the database is not the one that it was: restored from a backup, or gone back in time. */
export interface RestoreWatch {
  /** Looks on a connection, and raises the epoch once when there was a restore. */
  look(query: (sql: string) => PromiseLike<{ rows: unknown[] }>): Promise<void>;
}

interface Seen {
  readonly epoch: number;
  /** How far the write-ahead log was on disk: `16/B374D848`. */
  readonly wal: string;
}

/**
 * What tells of a restore without being asked for stands in the database itself, see the migration `kit-002-identity`. Beside that
 * this process remembers how far it has seen the database: one that is behind that was put back on its disks, which leaves no
 * trace within. Whoever was not running then can't notice that; for them there is `--raise-epoch`.
 */
export function watchForRestores(logger: Logger): RestoreWatch {
  let seen: Seen | undefined;
  return {
    async look(query) {
      const known = seen ? `${seen.epoch}, '${seen.wal}'` : 'null, null';
      const found = await query(`select * from notice_restore(${known})`).then(
        ({ rows }) => readNotice(rows[0]),
        (error: unknown) => {
          if (errorCode(error) === undefinedFunction) return undefined;
          throw error;
        },
      );
      if (!found) return;
      if (found.isRaised) {
        logger.warn({ epoch: found.epoch }, 'the database was restored from a backup: its epoch is raised');
      }
      if (!seen || found.epoch > seen.epoch || (found.epoch === seen.epoch && isFurther(found.wal, seen.wal)))
        seen = found;
    },
  };
}

/** The database has no schema yet. */
const undefinedFunction = '42883';

function readNotice(row: unknown): Seen & { readonly isRaised: boolean } {
  // The checked boundary: the columns of `notice_restore`.
  const { epoch, wal, is_raised: isRaised } = row as { epoch: number; wal: string; is_raised: boolean };
  return { epoch, wal, isRaised };
}

function isFurther(one: string, other: string): boolean {
  return placeInLog(one) > placeInLog(other);
}

function placeInLog(wal: string): bigint {
  const [high = '0', low = '0'] = wal.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
