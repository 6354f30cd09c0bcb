import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { postgresPrograms } from './postgres.ts';

/** Why something can't be tested on this machine; undefined when it can. */
export type Obstacle = string | undefined;

const kernelCommands = ['ip', 'nft', 'ping', 'unshare', 'setpriv', 'nsenter'];

export function noKernel(): Obstacle {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  const missing = kernelCommands.filter((command) => !isOnPath(command));
  return missing.length === 0 ? undefined : `missing: ${missing.join(', ')}`;
}

export function noPostgres(): Obstacle {
  return postgresPrograms() === undefined ? 'no PostgreSQL in /usr/lib/postgresql' : undefined;
}

export function noJava(): Obstacle {
  try {
    execFileSync('java', ['-version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no Java';
  }
}

function isOnPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
}
