import type { Holding } from '@patchpanel/contract-network-southbound';
import type { HostProviders } from './host-providers.ts';
import type { Journal } from './journal.ts';
import { keyText, type WiringRecord } from './record.ts';

/** Of a wiring that was only found in the kernel nobody knows it. */
const unknownMacAddress = '00:00:00:00:00:00';

/** All that may be wired on this host: what the journal says, and what is in the kernel besides. */
export async function holdingsOf(journal: Journal, providers: HostProviders): Promise<Holding[]> {
  const known = journal.all().flatMap(holdingOf);
  const keys = new Set(known.map(keyText));
  const found = (await providers.list()).filter(({ identity }) => !keys.has(keyText(identity)));
  return [
    ...known,
    ...found.map(({ identity }) => ({ ...identity, macAddress: unknownMacAddress, ipAddresses: [] })),
  ];
}

function holdingOf({ wired, hold, order }: WiringRecord): Holding[] {
  if (wired === undefined) return [];
  const { projectId, vnicId, portId, networkId, epoch, generation, placement } = wired.identity;
  const ordered = order.kind === 'ensure' ? order.macAddress : unknownMacAddress;
  return [
    {
      projectId,
      vnicId,
      portId,
      networkId,
      macAddress: wired.macAddress ?? hold?.attachment.macAddress ?? ordered,
      epoch,
      generation,
      placement,
      ipAddresses: wired.ipAddresses ?? hold?.attachment.fixedIps.map(({ ipAddress }) => ipAddress) ?? [],
    },
  ];
}
