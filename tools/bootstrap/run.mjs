/**
 * The first thing that every npm script runs: plain JavaScript without dependencies, for Node 20 and later. It makes
 * the checkout ready (npm packages, Debian packages, Node 24) and hands over to the task.
 *
 *     node tools/bootstrap/run.mjs <task> [arguments]
 */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureCommands, systemPath } from './debian.mjs';
import { environmentWithHome, removeStrayHome } from './environment.mjs';
import { ensureNpmPackages } from './npm.mjs';
import { foreground } from './process.mjs';
import { tasks } from './tasks.mjs';

const wantedNode = 24;
const oldestNode = 20;
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

process.exitCode = await main(process.argv[2], process.argv.slice(3)).catch((error) => {
  console.error(`✗ ${error.message}`);
  if (process.argv[2] === 'test') console.log('0 passed, 1 failed'); // whatever happens, a test run ends so
  return 1;
});

async function main(name, args) {
  const task = Object.hasOwn(tasks, name ?? '') ? tasks[name] : undefined;
  if (task === undefined) throw new Error(`no task ${name}: there are ${Object.keys(tasks).join(', ')}`);
  if (nodeMajor() < oldestNode) {
    throw new Error(`Node ${process.versions.node} is too old: install Node ${oldestNode} or later`);
  }
  removeStrayHome(root);
  await ensureNpmPackages(root);
  await ensureCommands(task.commands);
  const node = node24();
  const env = {
    ...environmentWithHome(root),
    PATH: [join(root, 'node_modules', '.bin'), systemPath(process.env['PATH'])].join(delimiter),
  };
  for (const [index, step] of task.steps.entries()) {
    const isLast = index === task.steps.length - 1;
    const code = await foreground(node, isLast ? [...step, ...args] : step, { cwd: root, env });
    if (code !== 0 || isLast) return code;
  }
  return 0;
}

/** A Node that runs TypeScript: our own if it is new enough, else the one that came as an npm package. */
function node24() {
  if (nodeMajor() >= wantedNode) return process.execPath;
  const packaged = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(packaged)) return packaged;
  throw new Error(
    `Patchpanel needs Node ${wantedNode}; this is ${process.versions.node}, and npm has no ready-made one for ` +
      `${process.platform} ${process.arch}: install Node ${wantedNode} (https://nodejs.org) and run this again`,
  );
}

function nodeMajor() {
  return Number(process.versions.node.split('.')[0]);
}
