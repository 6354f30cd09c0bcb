import type { MachineVnic } from '../driver.ts';

/**
 * Names the machine's network interfaces eth0, eth1… in the order of its cards. A card keeps the name that it has, so that
 * pulling eth0 does not rename eth1 under a running machine; a new card takes the lowest free one.
 * @param current vNIC id → interface name, as they are now
 */
export function nameInterfaces(
  vnics: readonly MachineVnic[],
  current: Readonly<Record<string, string>>,
): Record<string, string> {
  const kept = new Map(
    vnics.flatMap(({ vnicId }) => {
      const name = current[vnicId];
      return name === undefined ? [] : [[vnicId, name] as const];
    }),
  );
  const taken = new Set(kept.values());
  let next = 0;
  const names: Record<string, string> = {};
  for (const { vnicId } of vnics) {
    let name = kept.get(vnicId);
    if (name === undefined) {
      while (taken.has(`eth${next}`)) next += 1;
      name = `eth${next}`;
      taken.add(name);
    }
    names[vnicId] = name;
  }
  return names;
}
