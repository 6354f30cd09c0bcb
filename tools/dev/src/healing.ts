import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Places } from './places.ts';
import { removeRun } from './places.ts';
import { endLeftover } from './processes/managed-process.ts';
import { processNames, type Users } from './processes/users.ts';
import { endMachines } from './proof/machines.ts';
import { stopCounting } from './proof/separation.ts';

/** What an earlier run left behind. */
export interface Leftovers {
  readonly processes: readonly string[];
  readonly machines: number;
}

/**
 * Ends what an earlier run of this instance left when it was killed: processes first, those that use others before
 * those, then machines. Only processes that are the very ones on record, or that run this folder's machine script as
 * this stack's own user, are touched.
 */
export async function endLeftovers(places: Places, users: Users | undefined): Promise<Leftovers> {
  const processes: string[] = [];
  for (const name of [...processNames].reverse()) {
    const pidFile = join(places.pids, `${name}.json`);
    if (existsSync(pidFile) && (await endLeftover(pidFile))) processes.push(name);
  }
  const machines =
    users === undefined ? 0 : await endMachines(users['compute-host'], places.folderOf('compute-host'));
  if (users !== undefined) await stopCounting(places.instance);
  removeRun(places);
  return { processes, machines };
}
