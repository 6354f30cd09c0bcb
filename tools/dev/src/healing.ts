import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InUseError, lockState } from './lock.ts';
import type { Places } from './places.ts';
import { makePlaces, removePlaces, removeRun } from './places.ts';
import { purgeKernel } from './processes/agent-purge.ts';
import type { Surroundings } from './processes/configuration.ts';
import { endLeftover, testVariables } from './processes/managed-process.ts';
import { identifyProcess, processesOf, signalProcess } from './processes/process-identity.ts';
import { notedUsers, processNames, type Users } from './processes/users.ts';
import { endMachines } from './proof/machines.ts';
import { stopCounting } from './proof/separation.ts';

/** What an earlier run left behind. */
export interface Leftovers {
  readonly processes: readonly string[];
  readonly machines: number;
}

/**
 * Ends what an earlier run of this instance left when it was killed: processes first, those that use others before
 * those, then machines. Only processes that are the very ones on record, or that run this folder's programs and scripts
 * as this stack's own users, are touched.
 */
export async function endLeftovers(places: Places): Promise<Leftovers> {
  const users = notedUsers(places.usersFile);
  const processes: string[] = [];
  for (const name of [...processNames].reverse()) {
    const pidFile = join(places.pids, `${name}.json`);
    const wasOnRecord = existsSync(pidFile) && (await endLeftover(pidFile));
    if (wasOnRecord || (await endUnrecorded(name, places, users))) processes.push(name);
  }
  const machines =
    users === undefined ? 0 : await endMachines(users['compute-host'], places.folderOf('compute-host'));
  if (users !== undefined) {
    await stopCounting(places.instance);
    await removeTemporaryFolders(users);
  }
  removeRun(places);
  return { processes, machines };
}

/**
 * Ends what runs with `--once` left that were killed, and removes all of it: each has a folder of its own, which nobody
 * comes back to. Runs that are still under way are left alone.
 *
 * @returns what became of each, for people: one that can't be removed keeps nobody from starting.
 */
export async function healOnceRuns(runs: readonly Places[], ours: Surroundings): Promise<string[]> {
  const told: string[] = [];
  for (const places of runs) {
    const unlock = await lockState(places.state).catch((error: unknown) => {
      if (error instanceof InUseError) return undefined;
      throw error;
    });
    if (unlock === undefined) {
      told.push(`not ${places.instance} (under way)`);
      continue;
    }
    try {
      const users = notedUsers(places.usersFile);
      await endLeftovers(places);
      if (users !== undefined) {
        makePlaces(places, users);
        await purgeKernel({
          ...ours,
          mode: { isReal: true, driver: 'netns', provider: 'flat' },
          places,
          users,
        });
      }
      removePlaces(places);
      told.push(places.instance);
    } catch (error) {
      told.push(`not ${places.instance} (${error instanceof Error ? error.message : String(error)})`);
    } finally {
      await unlock();
    }
  }
  return told;
}

/** Ends a process that was started and not noted any more. */
async function endUnrecorded(name: string, places: Places, users: Users | undefined): Promise<boolean> {
  const uids = users === undefined ? [process.getuid?.() ?? 0] : Object.values(users);
  const program = join(places.programs, 'dist', name, 'main.mjs');
  const found = uids.flatMap(processesOf).filter(({ args }) => args.includes(program));
  for (const { pid } of found) {
    const identity = await identifyProcess(pid);
    if (identity !== undefined) await signalProcess(identity, 'SIGKILL');
  }
  return found.length > 0;
}

/** Removes the folders with the databases' sockets, which only their owner may: and that user is not there any more. */
async function removeTemporaryFolders(users: Users): Promise<void> {
  const folder = 'TMPDIR' in testVariables() ? tmpdir() : '/tmp';
  const uids: readonly number[] = Object.values(users);
  for (const name of readdirSync(folder)) {
    const pid = /^patchpanel-db-(\d+)-\w+$/.exec(name)?.[1];
    if (pid === undefined || (await identifyProcess(Number(pid))) !== undefined) continue;
    const path = join(folder, name);
    const owner = lstatSync(path, { throwIfNoEntry: false })?.uid;
    if (owner !== undefined && uids.includes(owner)) rmSync(path, { recursive: true, force: true });
  }
}
