import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from './database-errors.ts';
import { isRecord } from './opaque.ts';
import { identifyProcess, type ProcessIdentity } from './process-identity.ts';

interface Holder extends ProcessIdentity {
  readonly token: string;
}

/**
 * Locks a folder for this process (once): a second `lockFolder` anywhere on the machine fails with the holder's pid.
 * A lock whose process is gone, also by `kill -9` or a reboot, is taken over. Returns the function that unlocks.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'lock');
  const me = identifyProcess(process.pid);
  if (!me) throw new Error('this process cannot see itself: is /proc mounted?');
  const holder: Holder = { ...me, token: randomUUID() };
  if (!place(file, holder) && !takeOver(file, holder)) {
    throw new Error(
      `${folder} is in use by process ${readHolder(file)?.pid ?? 'unknown'}: it serves one process at a time`,
    );
  }
  return () => {
    if (readHolder(file)?.token === holder.token) rmSync(file, { force: true });
  };
}

/** Writes the lock file whole or not at all: `link` fails when the name exists. */
function place(file: string, holder: Holder): boolean {
  const draft = `${file}.${holder.token}`;
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Replaces a dead holder's lock. A second lock, held for moments, keeps two heirs from removing each other's. */
function takeOver(file: string, holder: Holder): boolean {
  if (isHeld(file)) return false;
  const inheritance = `${file}.takeover`;
  if (!place(inheritance, holder)) {
    if (isHeld(inheritance)) return false;
    rmSync(inheritance, { force: true });
    if (!place(inheritance, holder)) return false;
  }
  try {
    if (isHeld(file)) return false;
    rmSync(file, { force: true });
    return place(file, holder);
  } finally {
    rmSync(inheritance, { force: true });
  }
}

function isHeld(file: string): boolean {
  const holder = readHolder(file);
  if (!holder) return false;
  return identifyProcess(holder.pid)?.startedAt === holder.startedAt;
}

function readHolder(file: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!isRecord(value)) return undefined;
    const { pid, startedAt, token } = value;
    if (typeof pid !== 'number' || typeof startedAt !== 'string' || typeof token !== 'string')
      return undefined;
    return { pid, startedAt, token };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
