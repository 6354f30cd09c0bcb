import {
  addressesIn,
  droppedFrames,
  echoRequestsSeenBy,
  inMachine,
  pingFrom,
  type PingResult,
} from '../proof/machines.ts';
import { readCounts, requestsByCaller } from '../proof/separation.ts';
import type { Stack } from '../stack.ts';
import { addressesOf, type Story, type StoryMachine } from './four-steps.ts';
import type { Narrator } from './narrator.ts';

/** An address of the story's IPv4 subnet that neither of its two ports has. */
const spoofedSource = '10.0.0.200';
const spoofCount = 3;

/** Shows that what was promised is so, each claim by looking at the kernel or at the wire. */
export async function proveStory(stack: Stack, story: Story, narrator: Narrator): Promise<void> {
  narrator.heading('Proof');
  for (const { port } of story.machines) {
    narrator.claim(
      `port ${port.name} is ${port.status}: its agent has read the wiring back${stack.mode.isReal ? ' from the kernel' : ''}`,
      port.status === 'active',
      port.attachment?.binding?.deviceName ?? '',
    );
  }
  if (stack.mode.isReal) {
    for (const machine of story.machines) await proveAddresses(stack, machine, narrator);
    await provePings(stack, story, narrator);
    await proveNoSpoofing(stack, story, narrator);
  }
  await proveSeparation(stack, narrator);
}

async function proveAddresses(
  stack: Stack,
  { instance, port }: StoryMachine,
  narrator: Narrator,
): Promise<void> {
  const pid = await stack.machine(instance.id);
  const inside = await addressesIn(pid);
  const promised = addressesOf(port).sort();
  narrator.claim(
    `inside ${instance.name}, ip addr shows the addresses of port ${port.name}`,
    JSON.stringify(inside) === JSON.stringify(promised),
    inside.join(' '),
  );
  for (const line of (await inMachine(pid, 'ip', '-brief', 'addr', 'show', 'dev', 'eth0'))
    .trimEnd()
    .split('\n')) {
    narrator.line(`      ${line}`);
  }
}

async function provePings(stack: Stack, { machines }: Story, narrator: Narrator): Promise<void> {
  const [one, two] = machines;
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    const pid = await stack.machine(from.instance.id);
    for (const address of addressesOf(to.port)) {
      const result = await narrator.waiting('pinging', () => pingFrom(pid, address));
      narrator.claim(
        `${from.instance.name} pings ${to.instance.name} at ${address}`,
        result.sent > 0 && result.received === result.sent,
        describePing(result),
      );
    }
  }
}

/** Gives the machine an address that its port does not have, sends from it, and takes it away again. */
async function proveNoSpoofing(
  stack: Stack,
  { machines: [one, two] }: Story,
  narrator: Narrator,
): Promise<void> {
  const device = one.port.attachment?.binding?.deviceName ?? '';
  const target = addressesOf(two.port).find((address) => address.includes('.')) ?? '';
  const [sender, receiver] = [await stack.machine(one.instance.id), await stack.machine(two.instance.id)];
  const before = await droppedFrames(device, 'source-ip');
  const seenBefore = await echoRequestsSeenBy(receiver);
  await inMachine(sender, 'ip', 'addr', 'add', `${spoofedSource}/32`, 'dev', 'eth0');
  let result: PingResult;
  try {
    result = await narrator.waiting('sending from a spoofed address', () =>
      pingFrom(sender, target, { count: spoofCount, source: spoofedSource }),
    );
  } finally {
    await inMachine(sender, 'ip', 'addr', 'del', `${spoofedSource}/32`, 'dev', 'eth0').catch(() => undefined);
  }
  const dropped = (await droppedFrames(device, 'source-ip')) - before;
  const seen = (await echoRequestsSeenBy(receiver)) - seenBefore;
  narrator.claim(
    `${one.instance.name} sends from ${spoofedSource}, which its port does not have: dropped`,
    result.received === 0 && seen === 0 && dropped >= result.sent,
    `${describePing(result)}; nft counted ${dropped} dropped on ${device}, ${two.instance.name} saw ${seen}`,
  );
}

/** Law 1, counted: who has spoken to the network service? */
async function proveSeparation(stack: Stack, narrator: Narrator): Promise<void> {
  if (stack.mode.isReal) {
    const counts = await readCounts(stack.places.instance);
    narrator.claim(
      'compute has sent the network service nothing since it started, and the agent has',
      counts['compute-api'] === 0 && counts['compute-host'] === 0 && counts['network-agent'] > 0,
      `packets counted by the kernel: compute-api ${counts['compute-api']}, compute-host ` +
        `${counts['compute-host']}, network-agent ${counts['network-agent']}`,
    );
    return;
  }
  const { user = 0, agent = 0, ...others } = await requestsByCaller(stack.networkUrl);
  const strangers = Object.values(others).reduce((sum, count) => sum + count, 0);
  narrator.claim(
    'only the user and the agent have asked the network service anything',
    strangers === 0 && user > 0 && agent > 0,
    `requests: user ${user}, agent ${agent}, compute and others ${strangers}`,
  );
}

function describePing({ sent, received, averageMs }: PingResult): string {
  const loss = sent === 0 ? 100 : Math.round(((sent - received) / sent) * 100);
  return `${received} of ${sent} came back, ${loss}% loss${averageMs === undefined ? '' : `, ${averageMs} ms`}`;
}
