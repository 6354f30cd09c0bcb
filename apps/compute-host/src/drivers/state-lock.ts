import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DriverError } from './driver-error.ts';
import { identifyProcess, isAlive, processIdentitySchema } from './process-identity.ts';

/**
 * Takes a state folder for this process, so that two compute-hosts by mistake on one folder don't fight over its machines.
 * The lock names its holder; that of a dead one, after `kill -9` or a reboot, counts for nothing.
 * @returns what gives the folder back.
 * @throws DriverError `state-in-use`
 */
export async function lockStateFolder(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'owner.json');
  const claim = join(folder, `owner.${process.pid}.tmp`);
  await writeFile(claim, JSON.stringify(identifyProcess(process.pid)), { mode: 0o600 });
  try {
    for (;;) {
      if (await linkIfFree(claim, file)) return () => rm(file, { force: true });
      const holder = await readHolder(file);
      if (holder !== undefined && holder.pid !== process.pid && isAlive(holder)) {
        throw new DriverError(
          'state-in-use',
          `process ${holder.pid} already drives the machines in ${folder}`,
        );
      }
      await rm(file, { force: true });
    }
  } finally {
    await rm(claim, { force: true });
  }
}

async function linkIfFree(claim: string, file: string): Promise<boolean> {
  try {
    await link(claim, file);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    throw cause;
  }
}

async function readHolder(file: string) {
  try {
    const parsed = processIdentitySchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}
