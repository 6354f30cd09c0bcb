import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DesiredWiring, HostContext, NetworkLifecycle } from '@patchpanel/provider';
import {
  describeHostProvider,
  describeServerProvider,
  type ServerSample,
} from '@patchpanel/provider/conformance';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSimulatedEngine, engineFailure } from './engine.ts';
import { createHostProvider } from './host.ts';
import { createServerProvider } from './server.ts';

const signal = new AbortController().signal;

let stateDir: string;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'patchpanel-simulated-'));
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

function context(): HostContext {
  const ignore = () => undefined;
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  return { instance: 'test', host: 'here', runDir: stateDir, stateDir, logger };
}

function wiringOf(index: number, networkId: string): DesiredWiring {
  return {
    attachment: {
      projectId: '01930000-0000-7000-8000-a00000000000',
      networkId,
      vnicId: randomUUID(),
      portId: randomUUID(),
      epoch: 1,
      generation: 1,
      placement: 1,
      macAddress: `02:00:00:00:00:0${index}`,
      adminState: 'up',
      fixedIps: [
        { ipAddress: `192.0.2.${index}`, prefixLength: 24 },
        { ipAddress: `2001:db8::${index}`, prefixLength: 64 },
      ],
    },
    wiring: { version: 1, document: {} },
    device: { kind: 'none' },
  };
}

describeHostProvider('simulated', async () => {
  const networkId = randomUUID();
  const provider = createHostProvider(context());
  return {
    provider,
    wirings: [wiringOf(1, networkId), wiringOf(2, networkId)],
    damages: [
      {
        name: 'a lost wiring',
        inflict: async ({ attachment }) => provider.remove(attachment, signal),
      },
    ],
    restart: async () => createHostProvider(context()),
    dispose: async () => undefined,
  };
});

describeServerProvider('simulated', () => {
  const { provider, sample } = serverSample();
  return { provider, valid: [sample()], invalid: [] };
});

describeServerProvider('simulated with an engine', () => {
  let isBroken = false;
  const engine = createSimulatedEngine({
    beforeCall: () => {
      if (isBroken) throw engineFailure('The engine is away.');
    },
  });
  const { provider, sample } = serverSample(engine);
  return {
    provider,
    valid: [sample(), sample()],
    invalid: [],
    engine: {
      networks: async () => [...engine.networks.keys()],
      inspect: async (networkId) => engine.networks.get(networkId),
      breakDown: async () => void (isBroken = true),
      mend: async () => void (isBroken = false),
    },
  };
});

function serverSample(lifecycle?: NetworkLifecycle) {
  return {
    provider: createServerProvider(lifecycle === undefined ? {} : { lifecycle }),
    sample: (): ServerSample => {
      const network = {
        id: randomUUID(),
        projectId: randomUUID(),
        mtu: 1500,
        adminState: 'up',
        options: {},
        allocations: {},
      } as const;
      const subnet = {
        id: randomUUID(),
        networkId: network.id,
        ipVersion: 4,
        cidr: '192.0.2.0/24',
        dnsServers: ['192.0.2.53'],
        hostRoutes: [{ destination: '198.51.100.0/24', nextHop: '192.0.2.254' }],
        dhcp: { serverIp: '192.0.2.2' },
      } as const;
      const port = {
        id: randomUUID(),
        networkId: network.id,
        projectId: network.projectId,
        adminState: 'up',
        fixedIps: [{ subnetId: subnet.id, ipAddress: '192.0.2.1', prefixLength: 24 }],
        allowedAddressPairs: [{ ipAddress: '192.0.2.128/25' }],
        portSecurity: 'on',
        securityGroupIds: [randomUUID()],
      } as const;
      return { network, subnet, port };
    },
  };
}

test('an engine ends a call that hangs when its signal says so, with no effect', async () => {
  const engine = createSimulatedEngine({ beforeCall: () => new Promise(() => undefined) });
  const { network } = serverSample().sample();
  const ensuring = engine.ensure({ network, subnets: [], epoch: 1, generation: 1 }, AbortSignal.timeout(10));
  await expect(ensuring).rejects.toThrow();
  expect([...engine.networks]).toEqual([]);
});

test('a failure as asked leaves nothing behind', async () => {
  const provider = createHostProvider(context(), { failEnsure: () => 'no space for links' });
  const wiring = wiringOf(1, randomUUID());
  await expect(provider.ensure(wiring, signal)).rejects.toMatchObject({
    code: 'command-failed',
    message: 'no space for links',
  });
  expect(await provider.list()).toEqual([]);
  expect(await readdir(join(stateDir, 'simulated', 'test'))).toEqual([]);
});

test('a delay as asked ends when aborted', async () => {
  const provider = createHostProvider(context(), { latencyMilliseconds: 60_000 });
  const ensuring = provider.ensure(wiringOf(1, randomUUID()), AbortSignal.timeout(10));
  await expect(ensuring).rejects.toThrow();
  expect(await provider.list()).toEqual([]);
});
