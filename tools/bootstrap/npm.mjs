import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentWithHome } from './environment.mjs';
import { capture } from './process.mjs';
import { timed } from './progress.mjs';

/** Install scripts have no business to report to anybody. */
const quiet = { SCARF_ANALYTICS: 'false', DO_NOT_TRACK: '1', NX_DAEMON: 'false' };

/** Installs the npm packages that package-lock.json names, unless they are there already. */
export async function ensureNpmPackages(root) {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const hash = createHash('sha256').update(lock).digest('hex');
  const stamp = join(root, 'node_modules', '.patchpanel-lock-sha256');
  if (readIfThere(stamp) === hash) return;
  if (!isInstalled(root, JSON.parse(lock))) await install(root, JSON.parse(lock));
  writeFileSync(stamp, hash);
}

/**
 * Whether node_modules already holds what the lock file says: after a plain `npm install` by hand it does. npm writes
 * its own record last, so an interrupted install is seen as incomplete.
 */
function isInstalled(root, lock) {
  const record = readIfThere(join(root, 'node_modules', '.package-lock.json'));
  if (record === undefined) return false;
  const installed = JSON.parse(record).packages;
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true;
    const found = installed[path];
    if (found === undefined) return wanted.optional === true || wanted.peer === true;
    if (wanted.link) return found.link === true && existsSync(join(root, path));
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

async function install(root, lock) {
  const wanted = packageFolders(lock).map((path) => join(root, path, 'package.json'));
  const { code, output } = await timed(
    `installing npm packages`,
    () => npm(['ci', '--no-audit', '--no-fund', '--loglevel=warn', '--foreground-scripts=false'], root),
    { detail: () => describeProgress(wanted), always: true },
  );
  if (code !== 0) throw new Error(`npm ci failed with code ${code}:\n${output.trim()}`);
}

/** The npm that runs us if one does, else the one on the PATH. */
function npm(args, root) {
  const self = process.env['npm_execpath'];
  const options = { cwd: root, env: { ...environmentWithHome(root), ...quiet } };
  return self !== undefined && self.endsWith('npm-cli.js')
    ? capture(process.execPath, [self, ...args], options)
    : capture('npm', args, options);
}

/** Where a lock file wants packages on this platform. Links to our own folders are none: they are made last, at once. */
export function packageFolders(lock, platform = thisPlatform()) {
  const foreign = Object.entries(lock.packages)
    .filter(([, wanted]) => ['os', 'cpu', 'libc'].some((trait) => !allows(wanted[trait], platform[trait])))
    .map(([path]) => path);
  return Object.entries(lock.packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && !link)
    .map(([path]) => path)
    .filter((path) => !foreign.some((folder) => `${path}/`.startsWith(`${folder}/`)));
}

/** A package names what it is for, or with a `!` what it is not for: one or a list. */
function allows(wanted, value) {
  if (wanted === undefined || value === undefined) return true;
  const list = [wanted].flat();
  if (list.includes(`!${value}`)) return false;
  const named = list.filter((each) => !each.startsWith('!'));
  return named.length === 0 || named.includes(value) || named.includes('any');
}

function thisPlatform() {
  const { platform: os, arch: cpu } = process;
  if (os !== 'linux') return { os, cpu };
  process.report.excludeNetwork = true;
  return { os, cpu, libc: process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl' };
}

/** npm makes all folders first, and empty: only what is in them tells how far it is. */
function describeProgress(wanted) {
  const done = wanted.filter((file) => existsSync(file)).length;
  if (done === 0) return `npm prepares to unpack ${wanted.length}`;
  if (done < wanted.length) return `${done} of ${wanted.length} unpacked`;
  return `all ${done} unpacked, npm checks them and runs their scripts`;
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
