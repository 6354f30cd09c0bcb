import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from './options.ts';
import { processNames, type ProcessName, type Users } from './processes/users.ts';

/** Where one Patchpanel keeps what. */
export interface Places {
  /** Labels everything that is made in the kernel. */
  readonly instance: string;
  /** Outlives restarts. */
  readonly state: string;
  /** Sockets; gone with the processes. */
  readonly run: string;
  /** The signing key and the project's id; ours alone. */
  readonly identity: string;
  /** Readable by all: public keys, programs. */
  readonly jwksFile: string;
  readonly programs: string;
  readonly logs: string;
  readonly pids: string;
  /** The processes' users, so that they are the same ones each time. */
  readonly usersFile: string;
  /** Shell variables for the user: URLs and tokens. */
  readonly userEnvironment: string;
  readonly agentSocket: string;
  folderOf(name: ProcessName): string;
  tokenOf(name: ProcessName): string;
}

/**
 * Folders of an instance: in the system's places for root, in the user's own otherwise, or below a chosen one. Whatever
 * is removed in the end is a folder of our own making.
 *
 * @param name such as `dev`; with a chosen folder the instance is called after that too, so that two of them never take
 *   each other's kernel objects for their own.
 */
export function placesOf(name: string, dataDir?: string): Places {
  if (dataDir !== undefined) {
    const chosen = resolve(dataDir);
    const state = join(chosen, 'patchpanel', name);
    const suffix = createHash('sha256').update(chosen).digest('hex').slice(0, 8);
    return placesIn(state, join(state, 'run'), `${name}-${suffix}`);
  }
  const isRoot = process.getuid?.() === 0;
  const { env } = process;
  const share = env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share');
  const state = join(isRoot ? '/var/lib' : share, 'patchpanel', name);
  const ownRun = env['XDG_RUNTIME_DIR'] ?? join(tmpdir(), `user-${process.getuid?.() ?? 0}`);
  return placesIn(state, join(isRoot ? '/run' : ownRun, 'patchpanel', name), name);
}

/** The same below given folders. */
export function placesIn(state: string, run: string, instance: string): Places {
  return {
    instance,
    state,
    run,
    identity: join(state, 'identity'),
    jwksFile: join(state, 'jwks.json'),
    programs: join(state, 'programs'),
    logs: join(state, 'logs'),
    pids: join(state, 'processes'),
    usersFile: join(state, 'users.json'),
    userEnvironment: join(state, 'user.env'),
    agentSocket: join(run, 'agent', 'agent.sock'),
    folderOf: (name) => join(state, name),
    tokenOf: (name) => join(state, name, 'token'),
  };
}

/** Marks a state folder as of our making. */
const markerFile = '.patchpanel-state';

/**
 * Makes the state folder, or sees that it is one of ours: what is in it gets replaced and removed.
 *
 * @throws {UsageError} when somebody else has put something there.
 */
export function claimState({ state }: Places): void {
  const marker = join(state, markerFile);
  if (existsSync(marker)) return;
  if (existsSync(state) && (!statSync(state).isDirectory() || readdirSync(state).length > 0)) {
    throw new UsageError(
      `${state} is none of Patchpanel's making, so it is left alone: move it away, or choose another --data-dir`,
    );
  }
  makeFolder(state, 0o755);
  writeFileSync(
    marker,
    'npm start keeps its state in this folder, and removes it when that is of no more use.\n',
  );
}

/** The places of runs with `--once` beside these, this one's own included. */
export function placesOfOnceRuns(places: Places, dataDir?: string): Places[] {
  const base = dirname(places.state);
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .filter((name) => /^once-[0-9a-f]{8}$/.test(name) && existsSync(join(base, name, markerFile)))
    .map((name) => placesOf(name, dataDir));
}

/** Longest path that a unix socket may have (sun_path, with its final zero). */
const longestSocketPath = 107;

/** Makes the folders, each of them open to whom it serves and to nobody else. */
export function makePlaces(places: Places, users: Users | undefined): void {
  if (places.agentSocket.length > longestSocketPath) {
    throw new Error(`${places.run} is too long a path for a socket in it: choose a shorter --data-dir`);
  }
  for (const folder of [places.state, places.run]) makeFolder(folder, 0o755);
  for (const folder of [places.identity, places.logs, places.pids]) makeFolder(folder, 0o700);
  for (const name of processNames) {
    const folder = places.folderOf(name);
    const wasAnothers = users !== undefined && existsSync(folder) && statSync(folder).uid !== users[name];
    makeFolder(folder, 0o700, users?.[name]);
    if (wasAnothers) giveTo(users[name], folder);
  }
  makeFolder(
    dirname(places.agentSocket),
    users === undefined ? 0o700 : 0o2750,
    users?.['network-agent'],
    users?.['compute-host'],
  );
  if (users !== undefined) assertReachable(places.state);
}

/** Removes the state of an instance altogether. */
export function removePlaces(places: Places): void {
  removeRun(places);
  removeWithParent(places.state);
}

/** Removes what is of no use without the processes. */
export function removeRun(places: Places): void {
  removeWithParent(places.run);
  rmSync(places.userEnvironment, { force: true });
}

/** Removes a folder, and the one of Patchpanel's own above it once that is empty. */
function removeWithParent(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const parent = dirname(folder);
  if (basename(parent) === 'patchpanel' && existsSync(parent) && readdirSync(parent).length === 0) {
    rmdirSync(parent);
  }
}

/** Gives all that is in a folder to a user. */
function giveTo(uid: number, folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(folder, name), uid, uid);
  }
}

function makeFolder(folder: string, mode: number, uid?: number, gid = uid): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  chmodSync(folder, mode); // after chown, which would take the set-group-id bit away
}

/** The processes run as users of their own, who must get through every folder above theirs. */
function assertReachable(folder: string): void {
  for (let above = folder; above !== dirname(above); above = dirname(above)) {
    if (existsSync(above) && (statSync(above).mode & 0o001) === 0) {
      throw new Error(
        `other users can't pass through ${above}, which the processes must: choose another --data-dir`,
      );
    }
  }
}
