import { randomUUID } from 'node:crypto';
import { identityOf, type DesiredWiring, type Device } from '@patchpanel/provider';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { processFacts } from './host/machine.ts';
import { bridgeName, hostEndName } from './host/names.ts';
import { createHostProvider } from './host.ts';
import { startUnprivilegedAgent, type UnprivilegedAgent } from './testing/agent.ts';
import { ethernet, udp4 } from './testing/frames.ts';
import { cleanUpInstance, hostRun, tracesOf } from './testing/host.ts';
import {
  addressesOf,
  insideOf,
  machineUid,
  macOf,
  newInstance,
  spawnAs,
  startMachine,
  wiringOf,
  type TestMachine,
} from './testing/machines.ts';
import { capture } from './testing/packets.ts';
import { openTap } from './testing/taps.ts';
import { waitFor } from './testing/wait.ts';

const signal = new AbortController().signal;

let agent: UnprivilegedAgent;
const cleanUps: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  agent = await startUnprivilegedAgent();
});
afterAll(() => agent.stop());
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

let instance: string;
beforeEach(() => {
  instance = instanceOfThisTest();
});

function instanceOfThisTest(): string {
  const made = newInstance();
  cleanUps.push(() => cleanUpInstance(made));
  return made;
}

async function machineOfThisTest(): Promise<TestMachine> {
  const machine = await startMachine();
  cleanUps.push(() => machine.kill());
  return machine;
}

function withPlacement(wiring: DesiredWiring, placement: number, device: Device): DesiredWiring {
  return { ...wiring, attachment: { ...wiring.attachment, placement }, device };
}

describe('what is gone', () => {
  test('a machine that was killed leaves nothing once its wiring is removed', async () => {
    const provider = agent.provider(instance);
    const machine = await machineOfThisTest();
    const wiring = wiringOf(1, insideOf(machine));
    await provider.ensure(wiring, signal);
    await machine.kill();
    await provider.remove(identityOf(wiring.attachment), signal);
    expect(await tracesOf(instance)).toEqual([]);
    await provider.remove(identityOf(wiring.attachment), signal);
  });

  test('check says that the machine is gone, and ensure refuses it', async () => {
    const provider = agent.provider(instance);
    const machine = await machineOfThisTest();
    const wiring = wiringOf(1, insideOf(machine));
    await provider.ensure(wiring, signal);
    await machine.kill();
    await waitFor('the link to vanish with its machine', async () => (await provider.list()).length === 0);
    const differences = await provider.check(wiring, signal);
    expect(differences[0]).toMatchObject({ object: 'machine', actual: `process ${machine.pid} is gone` });
    await expect(provider.ensure(wiring, signal)).rejects.toMatchObject({ code: 'device-refused' });
  });

  test('the leftovers of a dead run are previewed and removed by the next, down to the last table', async () => {
    const dead = agent.provider(instance);
    const network = { networkId: randomUUID(), projectId: randomUUID() };
    const machines = [await machineOfThisTest(), await machineOfThisTest()] as const;
    const wirings = [
      wiringOf(1, insideOf(machines[0]), network),
      wiringOf(2, insideOf(machines[1]), network),
    ] as const;
    for (const wiring of wirings) await dead.ensure(wiring, signal);
    await machines[0].kill();
    await waitFor('the link to vanish with its machine', async () => (await dead.list()).length === 1);

    const next = agent.provider(instance, { fresh: true });
    const [killed, alive] = wirings.map(({ attachment }) => hostEndName(attachment.vnicId)).map(String);
    const preview = await next.gc([], { dryRun: true });
    expect(preview.map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual(
      [
        `link ${alive}`,
        ...[killed, alive].flatMap((end) => [`nft-chain from_${end}`, `nft-chain to_${end}`]),
        `bridge ${bridgeName(network.networkId)}`,
      ].toSorted(),
    );
    expect(await next.check(wirings[1], signal)).toEqual([]);
    expect(await next.gc([], { dryRun: false })).toEqual(preview);
    expect(await tracesOf(instance)).toEqual([]);
  });
});

describe('what an agent was killed over', () => {
  test('links that it had made and not labelled are removed with their wiring, but not those of others', async () => {
    const provider = agent.provider(instance);
    const { attachment } = wiringOf(1, { kind: 'tap', ownerUid: machineUid });
    const [end, bridge] = [hostEndName(attachment.vnicId), bridgeName(attachment.networkId)];
    const other = hostEndName(randomUUID());
    await hostRun('ip', ['link', 'add', 'name', end, 'type', 'veth', 'peer', 'name', `${end.slice(0, 14)}x`]);
    await hostRun('ip', ['link', 'add', 'name', bridge, 'type', 'bridge']);
    await hostRun('ip', [
      'link',
      'add',
      'name',
      other,
      'type',
      'veth',
      'peer',
      'name',
      `${other.slice(0, 14)}x`,
    ]);
    cleanUps.push(async () => {
      for (const name of [end, bridge, other]) {
        await hostRun('ip', ['link', 'del', 'dev', name]).catch(() => undefined);
      }
    });
    await provider.gc([], { dryRun: false });
    await provider.remove(identityOf(attachment), signal);
    const left = await hostRun('ip', ['-br', 'link', 'show']);
    expect(left).not.toContain(end);
    expect(left).not.toContain(bridge);
    expect(left).toContain(other);
  });
});

describe('a machine that heaps up addresses', () => {
  /** As its root may: many more than the port has. */
  async function heapUp(machine: TestMachine, count: number): Promise<void> {
    const lines = `printf "addr add 10.%d.%d.%d/32 dev eth0\\n", 1 + int($1 / 62500), int($1 / 250) % 250, 1 + $1 % 250`;
    const { exitCode, output } = await machine.run('sh', [
      '-c',
      `seq 0 ${count - 1} | awk '{ ${lines} }' | ip -batch -`,
    ]);
    expect(`${exitCode} ${output}`).toBe('0 ');
  }

  test.each([100, 6_000])('is set right at once (%i), and holds up nobody', async (count) => {
    const provider = agent.provider(instance);
    const [heaping, waiting] = [await machineOfThisTest(), await machineOfThisTest()];
    const [heaped, neighbour] = [wiringOf(1, insideOf(heaping)), wiringOf(2, insideOf(waiting))];
    await provider.ensure(heaped, signal);
    await heapUp(heaping, count);
    const differences = await provider.check(heaped, signal);
    expect(differences).not.toEqual([]);
    expect(JSON.stringify(differences).length).toBeLessThan(5_000);
    const startedAt = performance.now();
    await Promise.all([provider.ensure(heaped, signal), provider.ensure(neighbour, signal)]);
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    expect(await provider.check(heaped, signal)).toEqual([]);
    const { output } = await heaping.run('ip', ['-br', 'addr', 'show', 'dev', 'eth0']);
    expect(output).toContain('192.0.2.1/24');
    expect(output).not.toContain('10.1.');
  });
});

describe('two agents on one host', () => {
  test('never touch what is the other one’s, not even by garbage collection or for the same vNIC', async () => {
    const otherInstance = instanceOfThisTest();
    const [provider, other] = [agent.provider(instance), agent.provider(otherInstance)];
    const [mine, theirs] = [await machineOfThisTest(), await machineOfThisTest()];
    const wiring = wiringOf(1, insideOf(mine));
    const foreign = wiringOf(2, insideOf(theirs));
    await provider.ensure(wiring, signal);
    await other.ensure(foreign, signal);

    const stolen = {
      ...foreign,
      device: insideOf(mine),
      attachment: { ...foreign.attachment, generation: 9 },
    };
    await expect(provider.ensure(stolen, signal)).rejects.toMatchObject({ code: 'name-taken' });
    await provider.remove(identityOf(stolen.attachment), signal);
    await provider.gc([], { dryRun: false });
    expect(await tracesOf(instance)).toEqual([]);
    expect(await other.check(foreign, signal)).toEqual([]);
    expect(await other.list()).toEqual([identityOf(foreign.attachment)]);
  });

  test('a link of other software that bears the needed name is left alone', async () => {
    const machine = await machineOfThisTest();
    const wiring = wiringOf(1, insideOf(machine));
    const name = bridgeName(wiring.attachment.networkId);
    await hostRun('ip', ['link', 'add', 'name', name, 'alias', 'somebody’s', 'type', 'bridge']);
    cleanUps.push(async () => {
      await hostRun('ip', ['link', 'del', 'dev', name]);
    });
    await hostRun('ip', ['link', 'set', 'dev', name, 'up']);
    const provider = agent.provider(instance);
    await expect(provider.ensure(wiring, signal)).rejects.toMatchObject({ code: 'name-taken' });
    await provider.gc([], { dryRun: false });
    expect(await hostRun('ip', ['link', 'show', 'dev', name])).toContain(name);
  });
});

describe('a device', () => {
  async function refusal(device: Device): Promise<string> {
    const ensuring = agent.provider(instance).ensure(wiringOf(1, device), signal);
    await expect(ensuring).rejects.toMatchObject({ code: 'device-refused' });
    expect(await tracesOf(instance)).toEqual([]);
    return ensuring.then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
  }

  test('is refused when it is no machine of ours', async () => {
    const inside = (pid: number, startTime?: number) =>
      ({
        kind: 'namespace',
        pid,
        interfaceName: 'eth0',
        ...(startTime === undefined ? {} : { startTime }),
      }) as const;
    expect(await refusal(inside(process.pid))).toMatch(/belongs to user 0, machines belong to user/);

    const onHost = spawnAs(machineUid, 'sleep', ['infinity']);
    cleanUps.push(() => void onHost.kill('SIGKILL'));
    await waitFor(
      'the process to change its user',
      async () =>
        (await hostRun('ps', ['-o', 'uid=', '-p', String(onHost.pid)])).trim() === String(machineUid),
    );
    expect(await refusal(inside(onHost.pid ?? 0))).toMatch(/lives in this host's own network namespace/);

    const machine = await machineOfThisTest();
    expect(await refusal(inside(machine.pid, 1))).toMatch(/is not the one that was meant/);
    expect(await refusal(inside(2 ** 22 - 1))).toMatch(/is gone/);
  });

  test('is refused when its namespace has a link of that name that is not ours', async () => {
    const machine = await machineOfThisTest();
    const { exitCode } = await machine.run('ip', ['link', 'add', 'name', 'eth0', 'type', 'bridge']);
    expect(exitCode).toBe(0);
    expect(await refusal(insideOf(machine))).toMatch(/has a link eth0 already, which is not of our making/);
  });
});

describe('a vNIC', () => {
  test('moves to another machine with a newer placement, and an older order does not bring it back', async () => {
    const provider = agent.provider(instance);
    const [before, after] = [await machineOfThisTest(), await machineOfThisTest()];
    const first = wiringOf(1, insideOf(before));
    const second = withPlacement(first, 2, insideOf(after));
    await provider.ensure(first, signal);
    await provider.ensure(second, signal);
    expect((await before.run('ip', ['link', 'show', 'dev', 'eth0'])).exitCode).not.toBe(0);
    expect((await after.run('ip', ['-br', 'addr', 'show', 'dev', 'eth0'])).output).toContain('192.0.2.1/24');
    await expect(provider.ensure(first, signal)).rejects.toMatchObject({ code: 'fenced' });
    await provider.remove(identityOf(first.attachment), signal);
    expect(await provider.check(second, signal)).toEqual([]);
  });

  test('shares a machine with another, of a network with the same addresses, each with its own default route', async () => {
    const provider = agent.provider(instance);
    const machine = await machineOfThisTest();
    const { startTime } = await processFacts(machine.pid);
    const inside = (interfaceName: string) =>
      ({ kind: 'namespace', pid: machine.pid, startTime, interfaceName }) as const;
    const wirings = [wiringOf(1, inside('eth0')), wiringOf(1, inside('eth1'))];
    for (const wiring of wirings) await provider.ensure(wiring, signal);
    for (const wiring of wirings) expect(await provider.check(wiring, signal)).toEqual([]);
    const { output } = await machine.run('ip', ['route', 'show', 'default']);
    expect(output.trim().split(/\s*\n/)).toEqual([
      'default via 192.0.2.254 dev eth0 metric 100',
      'default via 192.0.2.254 dev eth1 metric 101',
    ]);
  });

  test('plugged into another network is rewired in place, and its old network leaves the host', async () => {
    const provider = agent.provider(instance);
    const machine = await machineOfThisTest();
    const first = wiringOf(1, insideOf(machine));
    const replugged: DesiredWiring = {
      ...first,
      attachment: {
        ...first.attachment,
        networkId: randomUUID(),
        portId: randomUUID(),
        generation: 2,
        fixedIps: addressesOf(7),
      },
    };
    await provider.ensure(first, signal);
    await provider.ensure(replugged, signal);
    expect(await provider.check(replugged, signal)).toEqual([]);
    expect((await tracesOf(instance)).filter((name) => name.startsWith('ppn'))).toEqual([
      bridgeName(replugged.attachment.networkId),
    ]);
    expect((await machine.run('ip', ['-br', 'addr', 'show', 'dev', 'eth0'])).output).not.toContain(
      '192.0.2.1/',
    );
  });

  test('goes on without a loss while the agent restarts, ensures again and updates its rules', async () => {
    const provider = agent.provider(instance);
    const network = { networkId: randomUUID(), projectId: randomUUID() };
    const machines = [await machineOfThisTest(), await machineOfThisTest()] as const;
    const [first, second] = [
      wiringOf(1, insideOf(machines[0]), network),
      wiringOf(2, insideOf(machines[1]), network),
    ];
    await provider.ensure(first, signal);
    await provider.ensure(second, signal);
    const pinging = machines[0].run('ping', ['-c', '60', '-i', '0.02', '-W', '1', '192.0.2.2']);
    for (let generation = 2; generation < 6; generation += 1) {
      const restarted = agent.provider(instance, { fresh: true });
      await restarted.ensure(second, signal);
      const { fixedIps } = first.attachment;
      const more = [...fixedIps, { ipAddress: `192.0.2.${100 + generation}`, prefixLength: 24 }];
      await restarted.ensure(
        { ...first, attachment: { ...first.attachment, generation, fixedIps: more } },
        signal,
      );
    }
    expect((await pinging).output).toContain('60 packets transmitted, 60 received, 0% packet loss');
  });
});

describe('a tap', () => {
  test('is made by root for its owner alone, and filters what comes out of it', async () => {
    const ignore = () => undefined;
    const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
    const provider = createHostProvider({
      instance,
      host: 'test',
      runDir: '/nowhere',
      stateDir: '/nowhere',
      machineUid,
      logger,
    });
    const network = { networkId: randomUUID(), projectId: randomUUID() };
    const machine = await machineOfThisTest();
    const tapped = wiringOf(1, { kind: 'tap', ownerUid: machineUid }, network);
    await provider.ensure(wiringOf(2, insideOf(machine), network), signal);
    const observed = await provider.ensure(tapped, signal);
    expect(observed.hostInterface).toBe(hostEndName(tapped.attachment.vnicId));
    expect(await provider.check(tapped, signal)).toEqual([]);
    expect(await provider.ensure(tapped, signal)).toEqual(observed);

    const name = observed.hostInterface ?? '';
    expect((await openTap(name, machineUid + 7)).answer).toBe('refused: Operation not permitted');
    const listening = await capture(machine);
    cleanUps.push(() => listening.stop());
    const frame = (source: string, text: string) =>
      ethernet(macOf(2), macOf(1), 0x0800, udp4(source, '192.0.2.2', [1, 2], text));
    const spoofed = frame('192.0.2.9', 'spoofed');
    const honest = frame('192.0.2.1', 'honest');
    const guest = await openTap(name, machineUid, spoofed, honest);
    cleanUps.push(() => guest.stop());
    expect(guest.answer).toBe('open');
    await listening.waitFor(Buffer.from('honest').toString('hex'));
    expect(listening.frames()).not.toContain(spoofed);

    // One that another user may open, as somebody's tool may have made it, is made anew.
    guest.stop();
    await hostRun('ip', ['link', 'del', 'dev', name]);
    await hostRun('ip', ['tuntap', 'add', 'dev', name, 'mode', 'tap', 'user', String(machineUid + 7)]);
    expect((await provider.check(tapped, signal)).map(({ field }) => field)).toContain('owner');
    await provider.ensure(tapped, signal);
    expect(await provider.check(tapped, signal)).toEqual([]);
  });

  test('is refused for any user but the one that owns machines', async () => {
    const device = { kind: 'tap', ownerUid: machineUid + 7 } as const;
    const provider = agent.provider(instance);
    await expect(provider.ensure(wiringOf(1, device), signal)).rejects.toMatchObject({
      code: 'device-refused',
    });
    expect(await tracesOf(instance)).toEqual([]);
    expect((await provider.check(wiringOf(1, device), signal))[0]).toMatchObject({ object: 'machine' });
  });
});
