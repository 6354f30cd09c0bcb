import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { chmodSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSouthboundClient } from './southbound-client.ts';
import { makeAgentWorld, type AgentWorld } from './testing/agent-world.ts';
import { newItem } from './testing/items.ts';
import { TokenFile } from './token-file.ts';

const signal = new AbortController().signal;
let world: AgentWorld;

beforeEach(async () => {
  world = await makeAgentWorld();
});
afterEach(() => world.close());

function claimOf({ projectId, vnicId, macAddress, placement } = newItem()) {
  return { projectId, vnicId, macAddress, placement };
}

describe('the client of the network service', () => {
  test('gives answers as the service does', async () => {
    const claim = claimOf();
    world.service.model.plug(claim, { macAddress: claim.macAddress });
    const client = world.client();
    const binding = await client.claim(claim, signal);
    expect(binding).toMatchObject({ vnicId: claim.vnicId, status: 'building' });
    expect(await client.getBinding(binding.id, signal)).toEqual(binding);
    expect(await client.resolve(claim, signal)).toEqual(binding.attachment);
    const { generation, epoch } = binding;
    const reported = await client.report(binding.id, { status: 'active', generation, epoch }, signal);
    expect(reported.status).toBe('active');
    await client.release(binding.id, 1, signal);
    expect(world.service.model.bindings()).toEqual([]);
  });

  test('gives problems by their codes, and counts as reaching the service', async () => {
    const client = world.client();
    expect(client.reachability()).toEqual({ state: 'unknown' });
    await expect(client.claim(claimOf(), signal)).rejects.toMatchObject({
      name: 'NetworkServiceError',
      code: 'attachment-not-found',
    });
    expect(client.reachability()).toMatchObject({ state: 'reachable' });
  });

  test('says that the service is unreachable, and calls back when it is not any more', async () => {
    const client = world.client();
    let times = 0;
    client.onReachable(() => (times += 1));
    await client.listBindings(undefined, signal);
    await world.service.stop();
    await expect(client.listBindings(undefined, signal)).rejects.toMatchObject({ code: 'unreachable' });
    expect(client.reachability()).toMatchObject({ state: 'unreachable' });
    await world.service.resume();
    await client.listBindings(undefined, signal);
    await client.listBindings(undefined, signal);
    expect(times).toBe(2);
  });

  test('a call that was refused is no loss of contact: the next that is not is no return of it', async () => {
    const client = world.client();
    let times = 0;
    client.onReachable(() => (times += 1));
    await client.listBindings(undefined, signal);
    for (const code of ['internal-error', 'forbidden'] as const) {
      world.service.refuse = () => code;
      await expect(client.listBindings(undefined, signal)).rejects.toMatchObject({ code });
      world.service.refuse = undefined;
      await client.listBindings(undefined, signal);
    }
    world.service.token = 'another';
    await expect(client.listBindings(undefined, signal)).rejects.toMatchObject({ code: 'unauthenticated' });
    world.service.token = 'agent-token';
    await client.listBindings(undefined, signal);
    expect(times).toBe(1);
  });

  test('does not wait for an answer longer than its deadline, nor than the caller', async () => {
    const client = world.client();
    world.service.hang();
    const startedAt = performance.now();
    await expect(client.listBindings(undefined, signal)).rejects.toMatchObject({ code: 'unreachable' });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    await expect(client.listBindings(undefined, AbortSignal.timeout(50))).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    world.service.answer();
  });

  test('takes a new token from the file as soon as it is there', async () => {
    const client = world.client();
    world.service.token = 'rotated';
    await expect(client.listBindings(undefined, signal)).rejects.toMatchObject({ code: 'unauthenticated' });
    writeFileSync(world.tokenFile, 'rotated', { mode: 0o600 });
    await client.listBindings(undefined, signal);
  });

  test('sends nothing while the token file is open to others', async () => {
    const client = world.client();
    chmodSync(world.tokenFile, 0o644);
    const before = world.service.requests.length;
    await expect(client.listBindings(undefined, signal)).rejects.toThrow(/others than its owner/);
    expect(world.service.requests).toHaveLength(before);
  });

  test('never follows a redirect with its token', async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(302, { location: `${world.service.url}/v1/bindings` }).end();
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const client = createSouthboundClient({
      url: `http://127.0.0.1:${port}`,
      tokenFile: new TokenFile(world.tokenFile),
    });
    await expect(client.listBindings(undefined, signal)).rejects.toMatchObject({ code: 'unreachable' });
    expect(world.service.requests).toEqual([]);
    other.closeAllConnections();
    other.close();
  });
});
