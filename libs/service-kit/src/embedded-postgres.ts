import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openAsBlob,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { lockFolder } from './folder-lock.ts';
import { identifyProcess } from './process-identity.ts';

/** A PostgreSQL in this process that speaks the real protocol on a unix socket only this user can open. */
export interface EmbeddedPostgres {
  /** Folder of the socket, for pg's `host`. */
  readonly socketFolder: string;
  stop(): Promise<void>;
}

/** Where an embedded database keeps its data: a folder, or memory (optionally starting from a dumped data folder). */
export type EmbeddedStorage =
  { readonly dataDir: string } | { readonly memory: true; readonly snapshot?: Blob | undefined };

const extensions = { btree_gist };

/** Known to the build too. */
const templateName = 'pglite-template.tar.gz';

/** Starts PGlite. A folder is locked against other processes for as long as it runs. */
export async function startEmbeddedPostgres(storage: EmbeddedStorage): Promise<EmbeddedPostgres> {
  const unlock = 'dataDir' in storage ? lockFolder(storage.dataDir) : () => undefined;
  removeSocketsOfTheDead();
  const socketFolder = mkdtempSync(join(tmpdir(), `${socketPrefix}${process.pid}-`));
  const removeAll = () => {
    rmSync(socketFolder, { recursive: true, force: true });
    unlock();
  };
  try {
    chmodSync(socketFolder, 0o700);
    const engine = await createEngine(storage);
    const server = new PGLiteSocketServer({
      db: engine,
      path: join(socketFolder, '.s.PGSQL.5432'),
      // The pool has one connection; a second place lets it reconnect while the old one is being buried.
      maxConnections: 2,
    });
    await server.start();
    return {
      socketFolder,
      async stop() {
        await server.stop();
        await engine.close();
        removeAll();
      },
    };
  } catch (error) {
    removeAll();
    throw error;
  }
}

/** The socket lies in the temporary folder because a path to one may have 107 bytes only; `kill -9` leaves it there. */
const socketPrefix = 'patchpanel-db-';

/** Removes the socket folders of this user's processes that are gone. */
function removeSocketsOfTheDead(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^(\d+)-\w+$/.exec(name.startsWith(socketPrefix) ? name.slice(socketPrefix.length) : '')?.[1];
    if (pid === undefined || identifyProcess(Number(pid)) !== undefined) continue;
    const folder = join(tmpdir(), name);
    const isMine = statSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.();
    if (isMine) rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts the engine alone, in memory, to be dumped as a snapshot for later starts. */
export async function dumpFreshDatabase(): Promise<Blob> {
  const engine = await createEngine({ memory: true });
  try {
    return await engine.dumpDataDir('none');
  } finally {
    await engine.close();
  }
}

async function createEngine(storage: EmbeddedStorage): Promise<PGlite> {
  if ('dataDir' in storage) {
    const dataDir = join(storage.dataDir, 'data');
    await initialise(dataDir);
    return PGlite.create({ extensions, dataDir });
  }
  return PGlite.create({ extensions, ...(storage.snapshot ? { loadDataDir: storage.snapshot } : {}) });
}

/** Makes an empty database in a folder, under another name until it is complete: a kill in between costs nothing. */
async function initialise(dataDir: string): Promise<void> {
  if (existsSync(dataDir)) return;
  const draft = `${dataDir}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  const template = await readTemplate();
  const engine = await PGlite.create({
    extensions,
    dataDir: draft,
    ...(template ? { loadDataDir: template } : {}),
  });
  await engine.close();
  renameSync(draft, dataDir);
}

/** The build puts a dumped empty database beside the bundle: unpacking it takes a third of the time of making one. */
async function readTemplate(): Promise<Blob | undefined> {
  const file = new URL(`./${templateName}`, import.meta.url);
  return existsSync(file) ? openAsBlob(file, { type: 'application/x-gzip' }) : undefined;
}
