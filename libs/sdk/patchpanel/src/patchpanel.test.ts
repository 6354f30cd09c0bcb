import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  isComputeProblem,
  isNetworkProblem,
  Patchpanel,
  WaitError,
  type NetworkProblemCode,
} from './index.ts';

type Handler = (request: {
  method: string;
  url: string;
  headers: Record<string, unknown>;
  body: unknown;
}) => {
  status: number;
  body?: unknown;
  cut?: boolean;
};

let server: Server;
let handle: Handler;
let sdk: Patchpanel;

beforeEach(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const { status, body, cut } = handle({
        method,
        url,
        headers,
        body: text === '' ? undefined : JSON.parse(text),
      });
      if (cut === true) response.destroy();
      else
        response.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  sdk = new Patchpanel({
    network: { url, token: 'network-token' },
    compute: { url, token: 'compute-token' },
    retry: { baseDelayMs: 1, maxDelayMs: 2 },
  });
});

afterEach(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});

const refusal = (status: number, code: string) => ({
  status,
  body: { type: `/problems/${code}`, title: code, status, code, detail: 'No.' },
});

describe('requests', () => {
  test('each service is sent its own token', async () => {
    const seen: string[] = [];
    handle = ({ url, headers }) => {
      seen.push(`${url} ${String(headers['authorization'])}`);
      return { status: 200, body: { items: [] } };
    };
    await sdk.network.ports.list({ networkId: 'n', limit: 7 }).toArray();
    await sdk.compute.instances.list().toArray();
    expect(seen).toEqual([
      '/v1/ports?limit=7&networkId=n Bearer network-token',
      '/v1/instances Bearer compute-token',
    ]);
  });

  test("a vNIC of the compute service is plugged in as it is: only what is the network's business is sent", async () => {
    const bodies: unknown[] = [];
    handle = ({ body }) => {
      bodies.push(body);
      return { status: 201, body: {} };
    };
    const vnic = { id: 'v', macAddress: '02:00:00:00:00:01', projectId: 'p', name: 'eth0', revision: 1 };
    await sdk.network.attachments.plug('p', vnic);
    await sdk.network.attachments.plugAny('n', { vnicId: 'v', macAddress: vnic.macAddress });
    expect(bodies).toEqual([
      { vnicId: 'v', macAddress: '02:00:00:00:00:01' },
      { vnicId: 'v', macAddress: '02:00:00:00:00:01' },
    ]);
  });

  test('every create carries an idempotency key, and a change carries the revision it is for', async () => {
    const headers: Record<string, unknown>[] = [];
    handle = (request) => {
      headers.push(request.headers);
      return {
        status: request.method === 'DELETE' ? 204 : 201,
        body: request.method === 'DELETE' ? undefined : { items: [] },
      };
    };
    await sdk.network.networks.create();
    await sdk.network.subnets.create('n', { cidr: '10.0.0.0/24' });
    await sdk.network.ports.create('n');
    await sdk.network.ports.createMany('n', [{}]);
    await sdk.network.attachments.plugAny('n', { id: 'v', macAddress: '02:00:00:00:00:01' });
    await sdk.compute.vnics.create();
    await sdk.compute.instances.create({}, { idempotencyKey: 'mine' });
    const keys = headers.map((one) => one['idempotency-key']);
    expect(keys.every((key) => typeof key === 'string')).toBe(true);
    expect(new Set(keys).size).toBe(7);
    expect(keys.at(-1)).toBe('mine');
    await sdk.network.ports.delete('p', { ifRevision: 3 });
    expect(headers.at(-1)).toMatchObject({ 'if-match': '"3"' });
  });
});

describe('refusals', () => {
  test('a problem narrows to the codes asked for', async () => {
    handle = () => refusal(409, 'subnet-exhausted');
    const error: unknown = await sdk.network.ports.create('n').catch((reason: unknown) => reason);
    if (!isNetworkProblem(error, 'subnet-exhausted', 'no-subnet')) throw error;
    const code: 'subnet-exhausted' | 'no-subnet' = error.code;
    expect(code).toBe('subnet-exhausted');
    // @ts-expect-error a misspelt code does not compile
    expect(isNetworkProblem(error, 'subnet-exausted')).toBe(false);
    expect(isComputeProblem(error)).toBe(false);
  });

  test('a switch over the codes can be checked for completeness', async () => {
    handle = () => refusal(409, 'port-of-call');
    const error: unknown = await sdk.network.ports.create('n').catch((reason: unknown) => reason);
    if (!isNetworkProblem(error)) throw error;
    const codes: NetworkProblemCode | 'unrecognised-problem' = error.code;
    expect(codes).toBe('unrecognised-problem');
    expect(error.problem.code).toBe('port-of-call');
  });

  test('a delete whose answer was lost counts as done when the next attempt finds nothing', async () => {
    let count = 0;
    handle = () => ((count += 1) === 1 ? { status: 0, cut: true } : refusal(404, 'port-not-found'));
    await sdk.network.ports.delete('p');
    expect(count).toBe(2);
    handle = () => refusal(404, 'port-not-found');
    await expect(sdk.network.ports.delete('p')).rejects.toMatchObject({ code: 'port-not-found' });
  });

  test('a delete that was only refused at first does not count as done when there is nothing to delete', async () => {
    let count = 0;
    handle = () =>
      (count += 1) === 1 ? refusal(503, 'service-unavailable') : refusal(404, 'port-not-found');
    await expect(sdk.network.ports.delete('p')).rejects.toMatchObject({ code: 'port-not-found' });
    expect(count).toBe(2);
  });
});

describe('waits', () => {
  test('waiting for an instance to run says what it is stuck at', async () => {
    handle = () => ({
      status: 200,
      body: { status: 'error', powerState: 'running', statusReason: 'no memory left', hostName: 'host-1' },
    });
    const wait = sdk.compute.instances.waitUntilRunning('i', { timeoutMs: 100 });
    await expect(wait).rejects.toThrow('its status was "error" on host-1 (no memory left)');
  });

  test('waiting for an instance that is being deleted ends at once', async () => {
    handle = () => ({ status: 200, body: { status: 'deleting', powerState: 'running' } });
    await expect(sdk.compute.instances.waitUntilRunning('i')).rejects.toMatchObject({
      code: 'wait-hopeless',
    });
  });

  test('waiting for an instance to be gone ends when it is not found', async () => {
    let count = 0;
    handle = () =>
      (count += 1) < 3 ? { status: 200, body: { status: 'deleting' } } : refusal(404, 'instance-not-found');
    await sdk.compute.instances.waitUntilGone('i');
    expect(count).toBe(3);
  });

  test('waiting for a port to be active gives the port', async () => {
    let count = 0;
    handle = () => ({ status: 200, body: { id: 'p', status: (count += 1) < 3 ? 'building' : 'active' } });
    expect(await sdk.network.ports.waitUntilActive('p')).toMatchObject({ id: 'p', status: 'active' });
  });

  test('a signal ends a wait, an attempt and a page alike', async () => {
    handle = () => ({ status: 200, body: { items: [1], nextPageToken: 'x', status: 'building' } });
    const signal = AbortSignal.timeout(80);
    await expect(sdk.network.ports.waitUntilActive('p', { signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    await expect(sdk.network.ports.list({}, { signal }).toArray()).rejects.toMatchObject({ code: 'aborted' });
    expect(WaitError).toBeDefined();
  });
});
