import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listen, parseListenAddress } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'patchpanel-server-'));
afterAll(() => rmSync(folder, { recursive: true }));
const loopback = { host: '127.0.0.1', port: 0 };

describe('a listener', () => {
  it('tells its real port, also on IPv6', async () => {
    const listener = await listen((_request, response) => response.end('hello'), { host: '::1', port: 0 });
    expect(listener.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect(await (await fetch(listener.url)).text()).toBe('hello');
    await listener.close();
  });

  it('serves a unix socket with just the mode asked for, replaces a dead one and refuses a live one', async () => {
    const address = { socketPath: join(folder, 'api.sock'), mode: 0o600 };
    const first = await listen((_request, response) => response.end('one'), address);
    expect(statSync(address.socketPath).mode & 0o777).toBe(0o600);
    await expect(listen(() => undefined, address)).rejects.toThrow('in use');
    const status = await new Promise((resolve, reject) => {
      request({ socketPath: address.socketPath, path: '/' }, (answer) => resolve(answer.statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
    await first.close();
  });

  it('lets requests under way finish and cuts what outlasts the deadline', async () => {
    let answer = () => undefined as void;
    const arrived = Promise.withResolvers<void>();
    const listener = await listen((asked, response) => {
      if (asked.url === '/slow') answer = () => void response.end('done');
      arrived.resolve();
    }, loopback);
    const slow = fetch(`${listener.url}/slow`);
    await arrived.promise;
    const startedAt = performance.now();
    const closing = listener.close(10_000);
    answer();
    expect(await (await slow).text()).toBe('done');
    await closing;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    const isStuck = Promise.withResolvers<void>();
    const stuck = await listen(() => isStuck.resolve(), loopback);
    const hanging = fetch(stuck.url).catch((error: unknown) => error);
    await isStuck.promise;
    await stuck.close(50);
    expect(await hanging).toBeInstanceOf(Error);
  });

  it('answers what is no HTTP with a problem', async () => {
    const listener = await listen(() => undefined, loopback);
    const { port } = parseListenAddress(listener.url.replace('http://', ''));
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'));
      socket.on('data', (chunk) => (text += chunk.toString())).on('close', () => resolve(text));
    });
    expect(answer).toContain('application/problem+json');
    await listener.close();
  });

  it.each(['8080', 'host', 'host:99999', '::1:80', ''])('refuses the address "%s"', (text) => {
    expect(() => parseListenAddress(text)).toThrow('host:port');
  });
});
