import { chmodSync, rmSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, isIPv6, type Socket } from 'node:net';
import { commonProblem } from './common-problems.ts';
import { errorCode } from './database-errors.ts';

/** Where to listen: an address (port 0 lets the system choose), or a unix socket with its file mode. */
export type ListenAddress =
  { readonly host: string; readonly port: number } | { readonly socketPath: string; readonly mode: number };

export interface Listener {
  /** `http://host:port`, or the path of the socket. */
  readonly url: string;
  readonly server: Server;
  /** Takes no new requests, lets those under way finish, and cuts what is left after the deadline (4 s). */
  close(deadlineMs?: number): Promise<void>;
}

/** Reads `host:port`; IPv6 hosts are in brackets. Throws on anything else. */
export function parseListenAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) throw new Error(`"${text}" is no host:port`);
  return { host, port };
}

/** Starts serving. A socket file left by a process that is gone is replaced; one in use is an error. */
export async function listen(app: RequestListener, address: ListenAddress): Promise<Listener> {
  const server = createServer(
    { requireHostHeader: false, headersTimeout: 10_000, requestTimeout: 60_000 },
    app,
  );
  server.keepAliveTimeout = 65_000;
  server.on('clientError', refuseBadHttp);
  server.on('checkExpectation', app);
  if ('socketPath' in address) await listenOnSocket(server, address.socketPath, address.mode);
  else await started(server, () => server.listen(address.port, address.host));
  return { url: urlOf(server), server, close: (deadlineMs = 4_000) => close(server, deadlineMs) };
}

async function listenOnSocket(server: Server, socketPath: string, mode: number): Promise<void> {
  await removeDeadSocket(socketPath);
  await started(server, () => {
    // The file must never be open to others, not even between bind and chmod.
    const before = process.umask(0o177);
    try {
      server.listen(socketPath);
    } finally {
      process.umask(before);
    }
  });
  chmodSync(socketPath, mode);
}

async function removeDeadSocket(socketPath: string): Promise<void> {
  const found = statSync(socketPath, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new Error(`${socketPath} exists and is no socket`);
  if (await answers(socketPath)) throw new Error(`${socketPath} is in use by another process`);
  rmSync(socketPath, { force: true });
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(socketPath, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', (error) => {
      if (errorCode(error) === 'ECONNREFUSED' || errorCode(error) === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}

function started(server: Server, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    begin();
  });
}

function close(server: Server, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
    // A kept-alive connection falls idle only when its last answer is out, and would then stay for its whole timeout.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    server.close(() => {
      clearTimeout(deadline);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function urlOf(server: Server): string {
  const address = server.address();
  if (typeof address === 'string') return address;
  if (!address) throw new Error('the server listens nowhere');
  return `http://${isIPv6(address.address) ? `[${address.address}]` : address.address}:${address.port}`;
}

/** What is no HTTP never reaches the app; it still gets a problem. */
function refuseBadHttp(error: Error, socket: Socket): void {
  if (!socket.writable || errorCode(error) === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const problem = commonProblem(
    'invalid-request',
    'The request is not valid HTTP/1.1, or its headers are too large.',
  );
  const body = JSON.stringify(problem.toDocument());
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
