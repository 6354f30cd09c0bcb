import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Lets go of what is held. */
export type Release = () => Promise<void>;

/** Somebody else has the folder. */
export class InUseError extends Error {
  override readonly name = 'InUseError';
}

/**
 * Keeps a second `npm start` out of a state folder.
 *
 * @throws {InUseError} which names the holder.
 */
export async function lockState(state: string): Promise<Release> {
  const name = `state-${createHash('sha256').update(resolve(state)).digest('hex').slice(0, 32)}`;
  const release = await hold(name);
  if (release !== undefined) return release;
  throw new InUseError(
    `${state} is in use by another npm start (process ${(await askHolder(name)) ?? 'unknown'}): end that one with ` +
      'Ctrl-C, or give this one a folder of its own with --data-dir',
  );
}

/**
 * Holds a name on this machine, unless another process holds it: then undefined. The name is a socket that nobody
 * connects to but to ask who holds it; the kernel lets go of it when its process ends, however that happens.
 */
export async function hold(name: string): Promise<Release | undefined> {
  let server = await listen(pathOf(name));
  if (server === undefined && process.platform !== 'linux' && (await askHolder(name)) === undefined) {
    rmSync(pathOf(name), { force: true });
    server = await listen(pathOf(name));
  }
  const held = server;
  if (held === undefined) return undefined;
  held.unref();
  return () => new Promise((done) => held.close(() => done()));
}

/** On Linux a name in the abstract name space, which is no file that could stay behind. */
function pathOf(name: string): string {
  return process.platform === 'linux' ? `\0patchpanel-${name}` : join(tmpdir(), `patchpanel-${name}.lock`);
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end(String(process.pid)));
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });
}

function askHolder(name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(pathOf(name));
    let answer = '';
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', () => undefined); // nobody there: told by the close that follows
    socket.on('close', () => resolve(answer === '' ? undefined : answer));
  });
}
