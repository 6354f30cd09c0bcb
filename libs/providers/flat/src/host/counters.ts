import type { WiringIdentity, WiringStatus } from '@patchpanel/provider';
import { z } from 'zod';
import { attempt } from './commands.ts';
import { hostEndName, tableName } from './names.ts';
import { counterName, dropReasons } from './ruleset.ts';

const counterList = z.object({
  nftables: z.array(
    z.looseObject({ counter: z.object({ name: z.string(), packets: z.number() }).optional() }),
  ),
});

/** Reads how many frames of each wiring were dropped, by reason. */
export async function readStatus(
  instance: string,
  wirings: readonly WiringIdentity[],
): Promise<readonly WiringStatus[]> {
  const table = tableName(instance);
  const packets = new Map<string, number>();
  for (const listing of await Promise.all(
    ['netdev', 'bridge'].map((family) => readCounters(family, table)),
  )) {
    for (const { counter } of listing.nftables)
      if (counter !== undefined) packets.set(counter.name, counter.packets);
  }
  const reasons = [...dropReasons.netdev, ...dropReasons.bridge];
  return wirings.map((identity) => ({
    identity,
    droppedFrames: Object.fromEntries(
      reasons.map((reason) => [reason, packets.get(counterName(hostEndName(identity.vnicId), reason)) ?? 0]),
    ),
  }));
}

async function readCounters(family: string, table: string): Promise<z.infer<typeof counterList>> {
  // No counters and no table look the same: a failure.
  const { exitCode, stdout } = await attempt({
    program: 'nft',
    args: ['-j', 'list', 'counters', 'table', family, table],
  });
  return exitCode === 0 ? counterList.parse(JSON.parse(stdout)) : { nftables: [] };
}
