import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Somebody else has the folder. */
export class InUseError extends Error {
  override readonly name = 'InUseError';
}

/**
 * Keeps a second `npm start` out of a state folder. The lock is a socket that nobody connects to but to ask who holds
 * it; the kernel lets go of it when its process ends, however that happens.
 *
 * @returns what lets go of it.
 * @throws {InUseError} which names the holder.
 */
export async function lockState(state: string): Promise<() => Promise<void>> {
  const name = `patchpanel-${createHash('sha256').update(resolve(state)).digest('hex').slice(0, 32)}`;
  // A name in Linux's abstract name space is no file that could stay behind.
  const path = process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.lock`);
  let server = await listen(path);
  if (server === undefined) {
    const holder = await askHolder(path);
    if (holder === undefined && process.platform !== 'linux') {
      rmSync(path, { force: true });
      server = await listen(path);
    }
    if (server === undefined) {
      throw new InUseError(
        `${state} is in use by another npm start (process ${holder ?? 'unknown'}): end that one with Ctrl-C, ` +
          'or give this one a folder of its own with --data-dir',
      );
    }
  }
  const held = server;
  held.unref();
  return () => new Promise((done) => held.close(() => done()));
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

function askHolder(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let answer = '';
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', () => undefined); // nobody there: told by the close that follows
    socket.on('close', () => resolve(answer === '' ? undefined : answer));
  });
}
