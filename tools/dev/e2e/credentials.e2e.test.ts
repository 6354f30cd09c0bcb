import { chownSync, copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Stack } from '../src/stack.ts';
import { computeProcesses, findAgentTokenInCompute, memoryHolds, runAs } from './credential-search.ts';
import { startTestStack, takeTurns, walkInSilence } from './test-stack.ts';

let endTurn: () => Promise<void>;
let stack: Stack;

beforeAll(async () => {
  endTurn = await takeTurns();
  stack = await startTestStack();
  await walkInSilence(stack);
});

afterAll(async () => {
  await stack?.close();
  await endTurn?.();
});

const agentToken = () => readFileSync(stack.places.tokenOf('network-agent'), 'utf8').trim();

/** Tries to read a file, and says what happened. */
const attempt = (path: string) => `
import { openSync, readSync } from 'node:fs';
try {
  const file = openSync(${JSON.stringify(path)}, 'r');
  try { readSync(file, Buffer.alloc(1), 0, 1, null); console.log('READ'); }
  catch (error) { console.log(error.code); }
} catch (error) { console.log(error.code); }
`;

describe("the agent's token", () => {
  test('is in no memory, environment or readable file of compute', async () => {
    expect(await findAgentTokenInCompute(stack)).toEqual([]);
  });

  test.each(computeProcesses)(
    'can not be had by any file of the agent, tried as the user of %s',
    async (name) => {
      const { places } = stack;
      const { pid } = stack.process('network-agent').identity;
      const files = [
        places.tokenOf('network-agent'),
        places.folderOf('network-agent'),
        join(places.identity, 'signing-key.json'),
        places.userEnvironment,
        join(places.logs, 'network-agent.log'),
        ...['environ', 'mem', 'maps', 'auxv', 'fd', 'cwd', 'root'].map((file) => `/proc/${pid}/${file}`),
      ];
      for (const file of files) {
        const { stdout, stderr } = await runAs(stack, name, attempt(file));
        expect(stderr).toBe('');
        expect(`${file}: ${stdout.trim()}`).toMatch(/: (EACCES|EPERM)$/);
      }
    },
  );

  test('nobody tells compute where the network service is', () => {
    const networkPorts = [stack.networkUrl, stack.networkSouthboundUrl].map((url) => new URL(url).port);
    for (const name of computeProcesses) {
      const environment = readFileSync(`/proc/${stack.process(name).identity.pid}/environ`, 'utf8');
      expect(environment).toContain('PATCHPANEL_');
      for (const port of networkPorts) expect(environment).not.toContain(port);
      expect(environment).not.toContain('network-agent/token');
    }
  });

  test('is refused by the compute service, and the token of the host by the network service', async () => {
    const hostToken = readFileSync(stack.places.tokenOf('compute-host'), 'utf8').trim();
    const status = async (url: string, token: string) =>
      (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await status(`${stack.computeUrl}/v1/vnics`, agentToken())).toBe(401);
    expect(await status(`${stack.networkUrl}/v1/ports`, hostToken)).toBe(401);
    expect(await status(`${stack.networkUrl}/v1/ports`, agentToken())).toBe(403);
  });
});

describe('the search can fail', () => {
  afterEach(async () => {
    rmSync(join(stack.places.folderOf('compute-host'), 'leaked'), { force: true });
    await stack.process('compute-host').stop();
    await stack.start('compute-host');
  });

  test('what may read a token file reads it, and memory that holds a token is seen to', async () => {
    const own = await runAs(stack, 'compute-host', attempt(stack.places.tokenOf('compute-host')));
    expect(own.stdout.trim()).toBe('READ');
    const hostToken = readFileSync(stack.places.tokenOf('compute-host'), 'utf8').trim();
    expect(memoryHolds(stack.process('compute-host').identity.pid, hostToken)).toBe(true);
    expect(memoryHolds(stack.process('network-agent').identity.pid, agentToken())).toBe(true);
  });

  test("the agent's token handed to compute-host in its environment is found", async () => {
    await stack.process('compute-host').stop();
    await stack.start('compute-host', { LOOKS_HARMLESS: agentToken() });
    const findings = await findAgentTokenInCompute(stack);
    expect(findings.some((finding) => finding.startsWith('environment of compute-host'))).toBe(true);
    expect(findings.some((finding) => finding.startsWith('memory of compute-host'))).toBe(true);
  });

  test("the agent's token put where compute-host may read it is found", async () => {
    const uid = stack.users?.['compute-host'] ?? 0;
    const leaked = join(stack.places.folderOf('compute-host'), 'leaked');
    copyFileSync(stack.places.tokenOf('network-agent'), leaked);
    chownSync(leaked, uid, uid);
    const findings = await findAgentTokenInCompute(stack);
    expect(findings).toContain(`file ${leaked}, as compute-host's user`);
  });
});
