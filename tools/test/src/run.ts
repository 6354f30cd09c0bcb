import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { marksVariable, type RunMarks, runVariable } from './leaks.ts';
import { postgresPrograms, startCluster, type Cluster } from './postgres.ts';
import { Programs } from './programs.ts';

/** What the phases of one run of the tests share. */
export interface Run extends RunMarks {
  readonly programs: Programs;
  readonly paths: readonly string[];
  /** Where contract tests note the answers that they saw. */
  readonly seenFile: string;
  /** For the tests' processes. */
  readonly environment: NodeJS.ProcessEnv;
  readonly reportFile: (phase: string) => string;
  readonly close: () => Promise<void>;
}

/** Prepares a run: a folder of its own and, unless there is none to be had or wanted, a private PostgreSQL. */
export async function openRun(
  paths: readonly string[],
  interrupted: AbortSignal,
  { withPostgres }: { withPostgres: boolean },
): Promise<Run> {
  removeAbandoned();
  const id = `r${randomBytes(4).toString('hex')}`;
  const folder = join(tmpdir(), `pp-test-${process.pid}-${id}`);
  mkdirSync(folder);
  const scratch = join(folder, 'tmp');
  const marksFile = join(folder, 'marks');
  let cluster: Cluster | undefined;
  try {
    // Processes of other users work in here, too: PostgreSQL, and the parts of a Patchpanel.
    chmodSync(folder, 0o755);
    mkdirSync(scratch);
    chmodSync(scratch, 0o1777);
    const programs = withPostgres ? postgresPrograms() : undefined;
    if (programs !== undefined) cluster = await startCluster(programs, join(folder, 'postgres'));
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    id,
    programs: new Programs(interrupted),
    paths,
    scratch,
    marksFile,
    seenFile: join(folder, 'seen.jsonl'),
    environment: {
      TMPDIR: scratch,
      [runVariable]: id,
      [marksVariable]: marksFile,
      ...(cluster && { PATCHPANEL_TEST_POSTGRES_URL: cluster.url }),
    },
    reportFile: (phase) => join(folder, `${phase}.json`),
    close: async () => {
      await cluster?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Removes what killed runs of ours left: their folders carry the id of the process that made them. */
export function removeAbandoned(folder = tmpdir()): void {
  for (const name of readdirSync(folder)) {
    const pid = /^pp-test-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && process.platform === 'linux' && !existsSync(`/proc/${pid}`)) {
      try {
        rmSync(join(folder, name), { recursive: true, force: true });
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code !== 'EACCES' && code !== 'EPERM') throw error; // those are another user's, to be removed by them
      }
    }
  }
}
