import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runVariable } from './leaks.ts';
import { postgresPrograms, startCluster, type Cluster } from './postgres.ts';
import { Programs } from './programs.ts';

/** What the phases of one run of the tests share. */
export interface Run {
  readonly id: string;
  readonly programs: Programs;
  readonly paths: readonly string[];
  /** Temporary folder of the tests: whatever is left in it at the end was forgotten there. */
  readonly scratch: string;
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
  const folder = mkdtempSync(join(tmpdir(), `pp-test-${process.pid}-`));
  const id = basename(folder);
  const scratch = join(folder, 'tmp');
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
    seenFile: join(folder, 'seen.jsonl'),
    environment: {
      TMPDIR: scratch,
      [runVariable]: id,
      ...(cluster && { PATCHPANEL_TEST_POSTGRES_URL: cluster.url }),
    },
    reportFile: (phase) => join(folder, `${phase}.json`),
    close: async () => {
      await cluster?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Removes what killed runs left: their folders carry the id of the process that made them. */
function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^pp-test-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && process.platform === 'linux' && !existsSync(`/proc/${pid}`)) {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}
