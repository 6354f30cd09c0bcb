import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RemoteNetworkAgent } from './remote-network-agent.ts';

const key = {
  projectId: '019abc00-0000-7000-8000-000000000001',
  vnicId: '019abc00-0000-7000-8000-000000000002',
};

let folder: string;
let socketPath: string;
let server: Server | undefined;
let agent: RemoteNetworkAgent;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-socket-'));
  socketPath = join(folder, 'agent.sock');
  agent = new RemoteNetworkAgent({ socketPath, deadlineMilliseconds: 500 });
});
afterEach(async () => {
  agent.close();
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(listener: RequestListener): Promise<void> {
  server = createServer(listener);
  server.listen(socketPath);
  await once(server, 'listening');
}

async function stop(): Promise<void> {
  const stopping = server;
  server = undefined;
  if (stopping === undefined) return;
  stopping.close();
  stopping.closeAllConnections();
  await once(stopping, 'close');
}

const answerWith =
  (status: number, body: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(body);

test('an agent that is not there is unreachable, with what to look for', async () => {
  const refused = agent.list();
  await expect(refused).rejects.toMatchObject({ name: 'AgentCallError', code: 'unreachable' });
  await expect(refused).rejects.toThrow(/is the network agent running/);
});

test('a socket that nobody listens on, and a file that is no socket, are unreachable', async () => {
  writeFileSync(socketPath, '');
  await expect(agent.list()).rejects.toMatchObject({ code: 'unreachable' });
});

test('an agent that does not answer in time is given up', async () => {
  await serve(() => undefined);
  await expect(agent.list()).rejects.toMatchObject({ code: 'timed-out' });
});

test('a caller that does not want to wait any more gets its own reason', async () => {
  await serve(() => undefined);
  const reason = new Error('changed my mind');
  const controller = new AbortController();
  const call = agent.ensure([], controller.signal);
  expect(await call).toEqual([]);
  const waiting = agent.list(controller.signal);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});

test('a connection that breaks before the answer is lost', async () => {
  await serve((request) => request.socket.destroy());
  await expect(agent.list()).rejects.toMatchObject({ code: 'connection-lost' });
});

test('an answer that breaks off is lost', async () => {
  await serve((request, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('{"items": [');
    setImmediate(() => request.socket.destroy());
  });
  await expect(agent.list()).rejects.toMatchObject({ code: 'connection-lost' });
});

test('a problem is refused with its document', async () => {
  const problem = {
    type: '/problems/invalid-request',
    title: 'The request does not follow the API description',
    status: 400,
    code: 'invalid-request',
    detail: 'Correct the request.',
  };
  await serve(answerWith(400, JSON.stringify(problem)));
  await expect(agent.list()).rejects.toMatchObject({ code: 'refused', problem });
});

test.each([
  [200, 'not JSON'],
  [200, '{}'],
  [200, 'null'],
  [204, ''],
  [302, '{"items": []}'],
  [500, 'Internal Server Error'],
])('status %i with body %s is no answer of an agent', async (status, body) => {
  await serve(answerWith(status, body));
  await expect(agent.list()).rejects.toMatchObject({ code: 'invalid-answer' });
});

test('fewer results than items are no answer', async () => {
  await serve(answerWith(200, '{"results": []}'));
  await expect(agent.check([key])).rejects.toMatchObject({ code: 'invalid-answer' });
});

test('connections are kept, and an agent that was restarted is simply used again', async () => {
  let connections = 0;
  const listen = async () => {
    await serve(answerWith(200, '{"items": []}'));
    server?.on('connection', () => (connections += 1));
  };
  await listen();
  for (let round = 0; round < 3; round++) expect(await agent.list()).toEqual([]);
  expect(connections).toBe(1);
  await stop();
  await listen();
  expect(await agent.list()).toEqual([]);
  expect(connections).toBe(2);
});

test('a request carries at most a hundred items, and only what the API knows of each', async () => {
  const seen: unknown[][] = [];
  await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { items } = JSON.parse(Buffer.concat(chunks).toString()) as { items: object[] };
      seen.push(items);
      const results = items.map((item) => ({ ...item, known: false, differences: [] }));
      response.writeHead(200).end(JSON.stringify({ results }));
    });
  });
  const keys = Array.from({ length: 250 }, () => ({ ...key, more: 'than asked' }));
  expect(await agent.check(keys)).toHaveLength(250);
  expect(seen.map(({ length }) => length)).toEqual([100, 100, 50]);
  expect(seen[0]?.[0]).toEqual(key);
});
