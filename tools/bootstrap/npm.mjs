import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
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
  const wanted = Object.keys(lock.packages).length;
  const { code, output } = await timed(
    `installing npm packages`,
    () => npm(['ci', '--no-audit', '--no-fund', '--loglevel=warn', '--foreground-scripts=false'], root),
    { detail: () => `${countInstalled(root)} of about ${wanted} folders`, always: true },
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

function countInstalled(root) {
  let count = 0;
  const modules = join(root, 'node_modules');
  if (!existsSync(modules)) return 0;
  for (const name of readdirSync(modules)) {
    if (name.startsWith('.')) continue;
    count += name.startsWith('@') ? readdirSync(join(modules, name)).length : 1;
  }
  return count;
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
