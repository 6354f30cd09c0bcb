import { build } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { assignmentOf } from './testing/assignments.ts';
import { eventually } from './testing/eventually.ts';
import { FakeAgent } from './testing/fake-agent.ts';
import { FakeComputeApi } from './testing/fake-compute-api.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The fake agent on a unix socket, speaking openapi/agent. */
async function serveAgent(agent: FakeAgent, socketPath: string): Promise<void> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = request.method === 'POST' ? await json(request) : undefined;
      // What arrives was sent by our own client of the generated contract.
      const { items, valid } = (body ?? {}) as { items: never[]; valid: never[] };
      const answers: Record<string, () => Promise<object>> = {
        'GET /v1/wirings': async () => ({ items: await agent.list() }),
        'POST /v1/wirings/ensure': async () => ({ results: await agent.ensure(items) }),
        'POST /v1/wirings/remove': async () => ({ results: await agent.remove(items) }),
        'POST /v1/wirings/gc': async () => ({ removed: await agent.gc(valid) }),
      };
      const answer = await answers[`${request.method ?? ''} ${request.url ?? ''}`]?.();
      response.writeHead(answer === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(answer ?? {}));
    })();
  });
  server.listen(socketPath);
  await once(server, 'listening');
  cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
}

interface HostProcess {
  readonly child: ChildProcess;
  readonly log: { readonly msg?: string; readonly [fact: string]: unknown }[];
}

async function makeHost() {
  const folder = await mkdtemp(join(tmpdir(), 'patchpanel-compute-host-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  await build({
    entryPoints: [join(import.meta.dirname, 'main.ts')],
    outfile: join(folder, 'main.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    // Found from here; the folder is elsewhere.
    packages: 'bundle',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    external: [
      'better-sqlite3',
      'mariadb',
      'mysql',
      'mysql2',
      'oracledb',
      'pg-native',
      'pg-query-stream',
      'sqlite3',
      'tedious',
    ],
    logLevel: 'error',
  });
  const [api, agent] = [new FakeComputeApi(), new FakeAgent()];
  await api.start();
  cleanups.push(() => api.stop());
  const agentSocket = join(folder, 'agent.sock');
  await serveAgent(agent, agentSocket);
  await writeFile(join(folder, 'token'), api.token);
  const start = (): HostProcess => {
    const child = spawn(process.execPath, [join(folder, 'main.mjs')], {
      env: {
        PATCHPANEL_HOST_NAME: 'host-1',
        PATCHPANEL_TOKEN_FILE: join(folder, 'token'),
        PATCHPANEL_COMPUTE_URL: api.url,
        PATCHPANEL_AGENT_SOCKET: agentSocket,
        PATCHPANEL_STATE_DIR: join(folder, 'state'),
        PATCHPANEL_DRIVER: 'simulated',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    cleanups.push(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    });
    const log: HostProcess['log'] = [];
    createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line)));
    return { child, log };
  };
  return { api, agent, folder, start };
}

function isFollowing({ log }: HostProcess): void {
  expect(log).toContainEqual(expect.objectContaining({ msg: 'following', host: 'host-1' }));
}

test('compute-host runs what it is assigned, outlives kill -9 with its machines, and ends gracefully', async () => {
  const { api, agent, folder, start } = await makeHost();
  api.put(assignmentOf('a'));
  const first = start();
  await eventually(() => isFollowing(first));
  await eventually(() => expect(api.latestReport('a')).toMatchObject({ status: 'running' }));
  expect(agent.wired.has('vnic-a')).toBe(true);

  const killed = once(first.child, 'exit');
  first.child.kill('SIGKILL');
  await killed;
  api.delete('a');
  api.put(assignmentOf('b'));
  const second = start();
  await eventually(() => expect(api.latestReport('b')).toMatchObject({ status: 'running' }));
  await eventually(async () => expect(await readdir(join(folder, 'state', 'instances'))).toEqual(['b.json']));
  expect([...agent.wired.keys()]).toEqual(['vnic-b']);

  const rival = start();
  const [rivalCode] = (await once(rival.child, 'exit')) as [number];
  expect(rivalCode).not.toBe(0);

  const ended = once(second.child, 'exit');
  const before = performance.now();
  second.child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(performance.now() - before).toBeLessThan(5000);
  expect(await readdir(join(folder, 'state', 'instances'))).toEqual(['b.json']);
});

test('a configuration that can not be used is refused with each mistake named', async () => {
  const { folder } = await makeHost();
  const child = spawn(process.execPath, [join(folder, 'main.mjs')], {
    env: { PATCHPANEL_HOST_NAME: 'Not A Host', PATCHPANEL_DRIVER: 'vmware' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk) => (complaint += String(chunk)));
  expect(await once(child, 'close')).toEqual([2, null]);
  for (const name of ['HOST_NAME', 'DRIVER', 'TOKEN_FILE', 'COMPUTE_URL', 'AGENT_SOCKET', 'STATE_DIR']) {
    expect(complaint).toContain(`PATCHPANEL_${name}`);
  }
});
