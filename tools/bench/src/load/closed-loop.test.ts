import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { runLoop, type LoopOptions, type Workload } from './closed-loop.ts';
import { Connection, readHead, requestText } from './connection.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server listens nowhere');
  return `http://127.0.0.1:${address.port}`;
}

const get = requestText({ method: 'GET', path: '/', token: 't' });

function loop(url: string, workload: Workload, options: Partial<LoopOptions> = {}) {
  const { signal } = new AbortController();
  return runLoop(workload, { urls: [url], clients: 2, seconds: 60, warmUpSeconds: 0, signal, ...options });
}

/** So many steps all in all. */
function times(count: number): Workload {
  let left = count;
  return { step: async (_, send) => (left-- > 0 ? send(get) : false) };
}

test('an answer is understood in whatever pieces it comes', async () => {
  const body = 'ü'.repeat(100_000);
  const url = await serve((_, response) => {
    response.setHeader('content-length', Buffer.byteLength(body));
    response.write(body.slice(0, 10));
    setImmediate(() => response.end(body.slice(10)));
  });
  const connection = await Connection.open(url);
  for (let count = 0; count < 3; count++) {
    const answer = await connection.send(get);
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe(body);
  }
  connection.close();
});

test('an answer without a body ends with its head', async () => {
  const url = await serve((_, response) => response.writeHead(204).end());
  const connection = await Connection.open(url);
  expect((await connection.send(get)).status).toBe(204);
  expect((await connection.send(get)).body.length).toBe(0);
  expect(connection.isOpen).toBe(true);
  connection.close();
  await expect(connection.send(get)).rejects.toThrow('closed');
  expect(connection.isOpen).toBe(false);
});

test.each([
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'without Content-Length'],
  ['SSH-2.0-OpenSSH\r\n\r\n', 'no HTTP'],
])('what this client does not understand is an error: %j', (head, message) => {
  expect(() => readHead(Buffer.from(head))).toThrow(message);
  expect(readHead(Buffer.from(head.slice(0, 12)))).toBeUndefined();
});

test('the loop sends a request with its token and body, and ends when nothing is left', async () => {
  const seen = new Set<string>();
  const url = await serve((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.add(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
      response.setHeader('content-length', 2).end('{}');
    });
  });
  const text = requestText({ method: 'POST', path: '/a', token: 't' }, { name: 'ü' });
  let left = 50;
  const { steps, errors, latencies } = await loop(url, {
    step: async (_, send) => (left-- > 0 ? send(text) : false),
  });
  expect([...seen]).toEqual(['POST /a Bearer t {"name":"ü"}']);
  // A step that is under way when the other client finds nothing left is not counted.
  expect(steps).toBeGreaterThanOrEqual(49);
  expect(latencies.count).toBe(steps);
  expect(errors.size).toBe(0);
});

test('refusals are counted by their status and code, and are no steps', async () => {
  const problem = JSON.stringify({ code: 'quota-exceeded' });
  const url = await serve((_, response) => {
    response.writeHead(409, { 'content-length': problem.length }).end(problem);
  });
  const { steps, errors } = await loop(url, times(10));
  expect(steps).toBe(0);
  expect([...errors]).toEqual([['409 quota-exceeded', 10]]);
});

test('a server that hangs up ends the loop, and is an error', async () => {
  let answered = 0;
  const url = await serve((request, response) => {
    if (answered++ > 5) request.socket.destroy();
    else response.setHeader('content-length', 0).end();
  });
  const { errors } = await loop(url, { step: (_, send) => send(get) });
  expect([...errors.values()].reduce((sum, count) => sum + count, 0)).toBe(2);
});

test('counting ends after the time given', async () => {
  const url = await serve((_, response) => response.setHeader('content-length', 0).end());
  const phases: string[] = [];
  const { steps, stepsPerSecond } = await loop(
    url,
    { step: (_, send) => send(get) },
    { seconds: 0.2, warmUpSeconds: 0.05, onWindow: (phase) => phases.push(phase) },
  );
  expect(phases).toEqual(['begin', 'end']);
  expect(steps).toBeGreaterThan(0);
  expect(stepsPerSecond).toBeLessThanOrEqual(steps / 0.19);
});

test('work that is used up before counting begins measures nothing, and says so', async () => {
  const url = await serve((_, response) => response.setHeader('content-length', 0).end());
  await expect(loop(url, times(3), { warmUpSeconds: 50 })).rejects.toThrow('nothing was left to do');
});

test('an interruption ends the loop', async () => {
  const url = await serve((_, response) => response.setHeader('content-length', 0).end());
  const controller = new AbortController();
  const running = loop(
    url,
    {
      async step(_, send) {
        await send(get);
        controller.abort(new Error('enough'));
      },
    },
    { signal: controller.signal },
  );
  await expect(running).rejects.toThrow('enough');
});
