import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * Our environment, for programs that want a home to keep a cache in: with HOME unset, empty or not ours they get the
 * user's own, or a folder of the checkout's. Without a home npm puts a folder named `~` into the checkout.
 */
export function environmentWithHome(root) {
  const environment = { ...process.env };
  if (isWritable(environment['HOME'])) return environment;
  const home = passwdHome();
  const fallback = join(root, '.cache', 'home');
  if (!isWritable(home)) mkdirSync(fallback, { recursive: true });
  for (const name of Object.keys(environment)) if (/^npm_config_/i.test(name)) delete environment[name];
  return { ...environment, HOME: isWritable(home) ? home : fallback };
}

/**
 * Removes the folder named `~` that npm, asked for this task without a home, has just put into the checkout for its
 * cache and logs. Anything else in it is not npm's, and stays with it.
 */
export function removeStrayHome(root, home = process.env['HOME']) {
  const stray = join(root, '~');
  if (home || !existsSync(stray)) return;
  const isNpms = (path) =>
    path === '.npm' || /^\.npm\/(_logs|_cacache|_update-notifier-last-checked)(\/|$)/.test(path);
  if (readdirSync(stray, { recursive: true }).every(isNpms)) rmSync(stray, { recursive: true, force: true });
}

function passwdHome() {
  try {
    return userInfo().homedir;
  } catch {
    return undefined; // a numeric user without a passwd entry
  }
}

function isWritable(folder) {
  if (!folder) return false;
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
