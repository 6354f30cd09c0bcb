import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture } from './process.mjs';
import { timed } from './progress.mjs';

/** Which Debian package each command comes from. */
const packageOf = {
  ip: 'iproute2',
  nft: 'nftables',
  ping: 'iputils-ping',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  nsenter: 'util-linux',
  initdb: 'postgresql',
};

const systemFolders = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** PATH with the folders in which Debian keeps root's commands: a bare environment may lack them. */
export function systemPath(path = '') {
  const folders = path.split(delimiter).filter(Boolean);
  return [...folders, ...systemFolders.filter((folder) => !folders.includes(folder))].join(delimiter);
}

/**
 * Makes sure that `commands` are there, installing their Debian packages when that is possible. What can't be had is
 * said in one line and left to the task: much of Patchpanel works without.
 */
export async function ensureCommands(commands) {
  if (process.platform !== 'linux') return;
  const missing = commands.filter((command) => !isThere(command));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((command) => packageOf[command]))];
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !isThere('apt-get')) {
    const why = isRoot ? 'no apt-get here' : 'not root';
    console.error(
      `! missing: ${missing.join(', ')} (Debian: ${packages.join(' ')}); ${why}, so going on without`,
    );
    return;
  }
  const { code, output } = await timed(
    `installing Debian packages ${packages.join(', ')} (for ${missing.join(', ')})`,
    () => install(packages),
    { always: true },
  );
  if (code !== 0) console.error(output.trim());
  const stillMissing = missing.filter((command) => !isThere(command));
  if (stillMissing.length > 0) console.error(`! still missing: ${stillMissing.join(', ')}; going on without`);
}

async function install(packages) {
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const lockWait = ['-o', 'DPkg::Lock::Timeout=120'];
  const get = () =>
    capture('apt-get', [...lockWait, 'install', '-y', '--no-install-recommends', ...packages], options);
  if (hasPackageLists()) {
    const first = await get();
    if (first.code === 0) return first;
  }
  const update = await capture('apt-get', [...lockWait, 'update'], options);
  const second = await get();
  return { ...second, output: `${update.output}\n${second.output}` };
}

function hasPackageLists() {
  const folder = '/var/lib/apt/lists';
  return existsSync(folder) && readdirSync(folder).some((name) => name.includes('_Packages'));
}

function isThere(command) {
  if (command === 'initdb') return existsInPostgres('initdb');
  return systemPath(process.env['PATH'])
    .split(delimiter)
    .some((folder) => isExecutable(join(folder, command)));
}

/** Debian keeps PostgreSQL's programs out of the PATH, one folder per version. */
function existsInPostgres(program) {
  const base = '/usr/lib/postgresql';
  return (
    existsSync(base) && readdirSync(base).some((version) => isExecutable(join(base, version, 'bin', program)))
  );
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
