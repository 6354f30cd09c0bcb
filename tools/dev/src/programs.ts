import {
  chmodSync,
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** The programs as the processes run them. */
export interface Programs {
  readonly node: string;
  /** The folder of bundles. */
  readonly folder: string;
}

/**
 * Puts the bundles and the Node that runs them where every user may read them, as the checkout may be in a folder that
 * only root can enter. What has not changed is left as it is.
 *
 * @param dist the folder with the bundles.
 */
export function installPrograms(dist: string, target: string): Programs {
  const folder = join(target, 'dist');
  const node = join(target, 'node');
  const stamp = join(target, '.installed');
  const wanted = `${fingerprint(dist)}\n${process.execPath} ${process.version} ${statSync(process.execPath).size}\n`;
  if (readIfThere(stamp) !== wanted) {
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    cpSync(dist, folder, { recursive: true });
    openToAll(target);
    linkOrCopy(process.execPath, node);
    writeFileSync(stamp, wanted);
  }
  return { node, folder };
}

/** Names, sizes and times of all files: what a build touches. */
function fingerprint(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const { size, mtimeMs } = statSync(file);
      return `${file} ${size} ${mtimeMs}`;
    })
    .sort()
    .join('\n');
}

function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
}

/** A hundred megabytes are shared where that is possible. */
function linkOrCopy(source: string, target: string): void {
  const isForAll = (statSync(source).mode & 0o005) === 0o005;
  try {
    if (isForAll) {
      linkSync(source, target);
      return;
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'EXDEV' || error.code === 'EPERM')))
      throw error;
  }
  copyFileSync(source, target);
  chmodSync(target, 0o755);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
