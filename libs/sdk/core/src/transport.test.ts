import { afterEach, describe, expect, test } from 'vitest';
import {
  AbortedError,
  ConnectionError,
  isProblem,
  ProblemError,
  RequestTimeoutError,
  UnexpectedResponseError,
} from './errors.ts';
import type { ResponseEvent } from './hooks.ts';
import { problem, serve, serveAnswers, type Answer, type LocalServer } from './testing/local-server.ts';
import { createTransport, type Transport, type TransportOptions } from './transport.ts';

const facts = {
  operations: {
    createThing: { method: 'POST', path: '/v1/things', takesIdempotencyKey: true },
    startThing: { method: 'POST', path: '/v1/things/{thingId}/start' },
    getThing: { method: 'GET', path: '/v1/things/{thingId}' },
    changeThing: { method: 'PATCH', path: '/v1/things/{thingId}' },
  },
  problemCodes: {
    'thing-not-found': { status: 404, title: '' },
    'service-unavailable': { status: 503, title: '' },
    unauthenticated: { status: 401, title: '' },
  },
} as const;

const quick = { baseDelayMs: 1, maxDelayMs: 4 };
const busy = problem(503, 'service-unavailable');
const askingToWait = (seconds: number) =>
  problem(503, 'service-unavailable', '', { 'retry-after': `${seconds}` });
const fine: Answer = { status: 200, body: { ok: true } };

let server: LocalServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(
  answers: readonly Answer[] | Parameters<typeof serve>[0],
  options: Partial<TransportOptions> = {},
): Promise<{ transport: Transport; at: (path: string) => string; server: LocalServer }> {
  const started = typeof answers === 'function' ? await serve(answers) : await serveAnswers(...answers);
  server = started;
  const transport = createTransport({ url: started.url, token: 'secret', retry: quick, ...options }, facts);
  return { transport, at: (path) => `${started.url}${path}`, server: started };
}

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

describe('retries', () => {
  test('a GET is sent again while the service says that it cannot answer now', async () => {
    const { transport, at, server } = await start([busy, busy, fine]);
    const response = await transport(at('/v1/things/1'));
    expect(await response.json()).toEqual({ ok: true });
    expect(server.received).toHaveLength(3);
  });

  test.each(['PUT', 'DELETE'])('a %s is sent again after the connection broke', async (method) => {
    const { transport, at, server } = await start(['cut', { status: 204 }]);
    expect((await transport(at('/v1/things/1'), { method })).status).toBe(204);
    expect(server.received).toHaveLength(2);
  });

  test('a create carries the same idempotency key in all its attempts, and another one in the next call', async () => {
    const { transport, at, server } = await start(['cut', busy, { status: 201, body: {} }]);
    await transport(at('/v1/things'), post({ name: 'a' }));
    await transport(at('/v1/things'), post({ name: 'a' }));
    const keys = server.received.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(4);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).toBe(keys[0]);
    expect(keys[3]).not.toBe(keys[0]);
  });

  test("the caller's own idempotency key is kept", async () => {
    const { transport, at, server } = await start([{ status: 201, body: {} }]);
    await transport(at('/v1/things'), { ...post({}), headers: { 'Idempotency-Key': 'mine' } });
    expect(server.received[0]?.headers['idempotency-key']).toBe('mine');
  });

  test.each([
    ['POST', '/v1/things/1/start'],
    ['PATCH', '/v1/things/1'],
  ])('a %s without an idempotency key is sent once', async (method, path) => {
    const { transport, at, server } = await start([busy, fine]);
    await expect(transport(at(path), { method })).rejects.toMatchObject({ code: 'service-unavailable' });
    expect(server.received).toHaveLength(1);
    expect(server.received[0]?.headers['idempotency-key']).toBeUndefined();
  });

  test('a refusal is not repeated', async () => {
    const { transport, at, server } = await start([problem(404, 'thing-not-found'), fine]);
    await expect(transport(at('/v1/things/1'))).rejects.toBeInstanceOf(ProblemError);
    expect(server.received).toHaveLength(1);
  });

  test('after the last attempt its error is thrown, with the number of attempts', async () => {
    const { transport, at, server } = await start([busy], { retry: { ...quick, maxAttempts: 3 } });
    await expect(transport(at('/v1/things/1'))).rejects.toMatchObject({ request: { attempts: 3 } });
    expect(server.received).toHaveLength(3);
  });

  test('Retry-After is honoured', async () => {
    const patience = askingToWait(1);
    const { transport, at } = await start([patience, fine]);
    const startedAt = performance.now();
    await transport(at('/v1/things/1'));
    expect(performance.now() - startedAt).toBeGreaterThan(990);
  });

  test('a Retry-After beyond the time of the call fails it at once', async () => {
    const later = askingToWait(600);
    const { transport, at, server } = await start([later, fine]);
    const startedAt = performance.now();
    await expect(transport(at('/v1/things/1'))).rejects.toMatchObject({ code: 'service-unavailable' });
    expect(performance.now() - startedAt).toBeLessThan(900);
    expect(server.received).toHaveLength(1);
  });
});

describe('time', () => {
  test('an attempt that takes too long is given up and repeated', async () => {
    const { transport, at, server } = await start(['hang', fine], { attemptTimeoutMs: 400 });
    await transport(at('/v1/things/1'));
    expect(server.received).toHaveLength(2);
  });

  test('a call ends when its time is up, however many attempts are left', async () => {
    const { transport, at } = await start(['hang'], { attemptTimeoutMs: 40, timeoutMs: 150 });
    const startedAt = performance.now();
    await expect(transport(at('/v1/things/1'))).rejects.toBeInstanceOf(RequestTimeoutError);
    expect(performance.now() - startedAt).toBeLessThan(600);
  });

  test('a call may be given its own time', async () => {
    const { transport, at } = await start(['hang']);
    const init = { timeoutMs: 50 };
    await expect(transport(at('/v1/things/1'), init)).rejects.toMatchObject({ code: 'request-timed-out' });
  });

  test('a signal ends a call during an attempt', async () => {
    const controller = new AbortController();
    const { transport, at, server } = await start(() => {
      controller.abort(new Error('no longer wanted')); // the request has arrived, and will have no answer
      return 'hang';
    });
    const call = transport(at('/v1/things/1'), { signal: controller.signal });
    await expect(call).rejects.toMatchObject({
      name: 'AbortError',
      code: 'aborted',
      cause: new Error('no longer wanted'),
    });
    expect(server.received).toHaveLength(1);
  });

  test('a signal ends a call during a pause between two attempts', async () => {
    const slow = { baseDelayMs: 60_000, maxDelayMs: 60_000 };
    const controller = new AbortController();
    const hooks = { onResponse: () => void setImmediate(() => controller.abort()) }; // the pause has begun by then
    const { transport, at, server } = await start([busy], { retry: slow, timeoutMs: 600_000, hooks });
    const call = transport(at('/v1/things/1'), { signal: controller.signal });
    await expect(call).rejects.toBeInstanceOf(AbortedError);
    expect(server.received).toHaveLength(1);
  });

  test('nothing is sent when the signal has fired before', async () => {
    const { transport, at, server } = await start([fine]);
    await expect(transport(at('/v1/things/1'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
      request: { attempts: 0 },
    });
    expect(server.received).toHaveLength(0);
  });
});

describe('tokens', () => {
  test('a token provider is asked before each attempt', async () => {
    let count = 0;
    const { transport, at, server } = await start([busy, fine], {
      token: async () => `token-${(count += 1)}`,
    });
    await transport(at('/v1/things/1'));
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-2',
    ]);
  });

  test('a refused token is refreshed once, whatever the method', async () => {
    const refused = problem(401, 'unauthenticated');
    const { transport, at, server } = await start([refused, fine], {
      token: ({ refresh }) => (refresh ? 'new' : 'old'),
    });
    await transport(at('/v1/things/1/start'), { method: 'POST' });
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
  });

  test('a token that stays refused is reported, not asked for again and again', async () => {
    const { transport, at, server } = await start([problem(401, 'unauthenticated')], { token: () => 'bad' });
    await expect(transport(at('/v1/things/1'))).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(server.received).toHaveLength(2);
  });
});

describe('errors', () => {
  test('a problem is told by its code and says what to do', async () => {
    const { transport, at } = await start([problem(404, 'thing-not-found', 'Look elsewhere.')]);
    const error: unknown = await transport(at('/v1/things/1')).catch((reason: unknown) => reason);
    expect(isProblem(error, 'thing-not-found')).toBe(true);
    expect(isProblem(error, 'service-unavailable')).toBe(false);
    expect(error).toMatchObject({ status: 404, request: { operationId: 'getThing' } });
    expect(String(error)).toContain('Look elsewhere. (thing-not-found, GET /v1/things/1)');
  });

  test('a code that is newer than the SDK is kept, and told as such', async () => {
    const { transport, at } = await start([problem(409, 'thing-on-fire')]);
    await expect(transport(at('/v1/things/1'))).rejects.toMatchObject({
      code: 'unrecognised-problem',
      problem: { code: 'thing-on-fire' },
    });
  });

  test.each([
    ['a refusal', { status: 404, body: '<html>', headers: { 'content-type': 'text/html' } }],
    ['a success', { status: 200, body: '<html>', headers: { 'content-type': 'text/html' } }],
    ['broken JSON', { status: 200, body: '{"a":' }],
  ])('%s that is not of the API is told as such', async (_, answer) => {
    const { transport, at } = await start([answer]);
    await expect(transport(at('/v1/things/1'))).rejects.toBeInstanceOf(UnexpectedResponseError);
  });

  test('a service that is not there is told with the reason', async () => {
    const { transport, at, server } = await start([fine]);
    await server.close();
    const error: unknown = await transport(at('/v1/things/1')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(String(error)).toMatch(/ECONNREFUSED/);
  });
});

test('hooks see each attempt with its template and outcome, and never the token', async () => {
  const events: ResponseEvent[] = [];
  const { transport, at, server } = await start([busy, { status: 201, body: { id: 1 } }], {
    hooks: {
      onRequest: ({ headers }) => headers.set('traceparent', '00-abc-def-01'),
      onResponse: (event) => events.push(event),
    },
  });
  await transport(at('/v1/things'), post({ name: 'a' }));
  expect(events).toMatchObject([
    {
      request: { operationId: 'createThing', urlTemplate: '/v1/things', attempt: 1, body: { name: 'a' } },
      status: 503,
      error: { code: 'service-unavailable' },
    },
    { request: { attempt: 2 }, status: 201, body: { id: 1 } },
  ]);
  expect(events[0]?.retryAfterMs).toBeGreaterThanOrEqual(0);
  expect(events[1]?.retryAfterMs).toBeUndefined();
  expect(server.received[0]?.headers['traceparent']).toBe('00-abc-def-01');
  expect(JSON.stringify(events.map(({ request }) => [...request.headers]))).not.toContain('secret');
});

describe('a token provider that hangs', () => {
  const hang = (): Promise<string> => new Promise(() => undefined);

  test('is not waited for beyond the deadline of the call', async () => {
    const { transport, at } = await start([fine], { token: hang, timeoutMs: 30 });
    await expect(transport(at('/v1/things/1'))).rejects.toBeInstanceOf(RequestTimeoutError);
  });

  test('is left as soon as the signal aborts', async () => {
    const controller = new AbortController();
    let isAsked = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const token = (): Promise<string> => {
      isAsked();
      return hang();
    };
    const { transport, at } = await start([fine], { token });
    const outcome = transport(at('/v1/things/1'), { signal: controller.signal });
    await asked;
    controller.abort();
    await expect(outcome).rejects.toBeInstanceOf(AbortedError);
  });
});
