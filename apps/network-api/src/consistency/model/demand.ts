import type { FixedIp, Model } from './model.ts';
import type { SubnetState } from './subnet.ts';

/** One address as it is asked for. */
export interface WantedIp {
  readonly subnetId?: string | undefined;
  readonly ipAddress?: string | undefined;
}

/** What giving ports their addresses comes to: refused for one of these reasons, or so many out of each subnet. */
export type Allotment =
  | { readonly refused: readonly string[] }
  | { readonly chosen: readonly FixedIp[][]; readonly automatic: ReadonlyMap<string, number> };

/**
 * Works out how the addresses of ports have to be given. A subnet that was made while the call was under way may or may not
 * have been seen by it: both are right, and this gives what comes of each.
 */
export function allotments(
  model: Model,
  networkId: string,
  ports: readonly (readonly WantedIp[] | undefined)[],
  { startedAt, isOwner }: { readonly startedAt: number; readonly isOwner: boolean },
): Allotment[] {
  const subnets = model.subnetsOf(networkId);
  const unsure = subnets.filter(({ knownFrom }) => knownFrom > startedAt);
  const overlooked = unsure.reduce<SubnetState[][]>(
    (sets, subnet) => [...sets, ...sets.map((set) => [...set, subnet])],
    [[]],
  );
  const returned = new Map(subnets.map((subnet) => [subnet.id, subnet.returnedSince(startedAt)]));
  return overlooked.flatMap((unseen) => {
    const seen = subnets.filter((subnet) => !unseen.includes(subnet));
    return restsSeen(seen, returned).map((resting) => allot(seen, ports, { isOwner, resting }));
  });
}

/** So many ways of seeing ends of rests are tried: there are hardly ever more. */
const waysAtMost = 64;

/** Every choice of ended rests that may not have been seen yet: none at first. */
function restsSeen(
  subnets: readonly SubnetState[],
  returned: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string>[] {
  const names = subnets.flatMap(({ id }) => (returned.get(id) ?? []).map((address) => `${id} ${address}`));
  return names
    .reduce<string[][]>(
      (sets, name) => [...sets, ...sets.map((set) => [...set, name])].slice(0, waysAtMost),
      [[]],
    )
    .map((set) => new Set(set));
}

/**
 * Chosen addresses are given as they are, automatic ones from the subnet that is named, and without any list one of each IP
 * version from the oldest subnet with room.
 */
function allot(
  subnets: readonly SubnetState[],
  ports: readonly (readonly WantedIp[] | undefined)[],
  { isOwner, resting }: { readonly isOwner: boolean; readonly resting: ReadonlySet<string> },
): Allotment {
  const refused = new Set<string>();
  const restingIn = ({ id }: SubnetState) => [...resting].filter((name) => name.startsWith(id)).length;
  const free = new Map(subnets.map((subnet) => [subnet.id, subnet.available - BigInt(restingIn(subnet))]));
  const automatic = new Map<string, number>();
  const taken = new Set<string>();
  const spend = (subnet: SubnetState) => {
    const left = free.get(subnet.id) ?? 0n;
    free.set(subnet.id, left - 1n);
    if (left <= 0n) refused.add('subnet-exhausted');
  };
  const chosen = ports.map((wanted) =>
    (wanted ?? []).flatMap((address) => {
      const answer = choose(subnets, address, isOwner);
      if (typeof answer === 'string') refused.add(answer);
      if (typeof answer === 'string' || !answer) return [];
      const { subnet, ipAddress } = answer;
      const name = `${subnet.id} ${ipAddress}`;
      if (subnet.holderOf(ipAddress) !== undefined || taken.has(name) || resting.has(name))
        refused.add('address-in-use');
      taken.add(name);
      if (subnet.isInPools(ipAddress)) spend(subnet);
      return [{ subnetId: subnet.id, ipAddress }];
    }),
  );
  const give = (subnet: SubnetState) => {
    spend(subnet);
    automatic.set(subnet.id, (automatic.get(subnet.id) ?? 0) + 1);
  };
  for (const { subnetId, ipAddress } of ports.flatMap((wanted) => wanted ?? [])) {
    const subnet = ipAddress === undefined ? subnets.find(({ id }) => id === subnetId) : undefined;
    if (subnet) give(subnet);
  }
  for (const _port of ports.filter((wanted) => wanted === undefined)) {
    if (subnets.length === 0) refused.add('no-subnet');
    for (const version of [4, 6] as const) {
      const ofVersion = subnets.filter((subnet) => subnet.version === version);
      const roomy = ofVersion.find(({ id }) => (free.get(id) ?? 0n) > 0n);
      if (roomy) give(roomy);
      else if (ofVersion.length > 0) refused.add('subnet-exhausted');
    }
  }
  return refused.size > 0 ? { refused: [...refused] } : { chosen, automatic };
}

/** Says what is wrong with the addresses that ports were given, if anything is. */
export function checkGranted(
  model: Model,
  allotment: Exclude<Allotment, { refused: unknown }>,
  granted: readonly (readonly FixedIp[])[],
): string | undefined {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  for (const [index, addresses] of granted.entries()) {
    for (const { subnetId, ipAddress } of addresses) {
      const subnet = model.subnets.get(subnetId);
      if (!subnet) return `${ipAddress} is of subnet ${subnetId}, which does not exist`;
      const holder = subnet.holderOf(ipAddress);
      if (holder !== undefined) return `${ipAddress} of subnet ${subnetId} was given twice: ${holder} has it`;
      if (seen.has(`${subnetId} ${ipAddress}`)) return `${ipAddress} was given twice in one answer`;
      seen.add(`${subnetId} ${ipAddress}`);
      const isChosen = allotment.chosen[index]?.some(
        (wanted) => wanted.subnetId === subnetId && wanted.ipAddress === ipAddress,
      );
      if (isChosen !== true && !subnet.isInPools(ipAddress))
        return `${ipAddress} is in none of the pools of subnet ${subnetId}`;
      if (!isChosen) counts.set(subnetId, (counts.get(subnetId) ?? 0) + 1);
    }
    for (const wanted of allotment.chosen[index] ?? []) {
      if (!addresses.some((given) => given.ipAddress === wanted.ipAddress))
        return `${wanted.ipAddress} was chosen and not given`;
    }
  }
  const differences = [...new Set([...counts.keys(), ...allotment.automatic.keys()])].flatMap((subnetId) => {
    const [given, wanted] = [counts.get(subnetId) ?? 0, allotment.automatic.get(subnetId) ?? 0];
    const free = String(model.subnets.get(subnetId)?.available ?? 'unknown');
    return given === wanted
      ? []
      : [`${given} and not ${wanted} of the ${free} free ones of subnet ${subnetId}`];
  });
  return differences.length > 0 ? `automatic addresses given: ${differences.join(', ')}` : undefined;
}

function choose(
  subnets: readonly SubnetState[],
  { subnetId, ipAddress }: WantedIp,
  isOwner: boolean,
): { readonly subnet: SubnetState; readonly ipAddress: string } | string | undefined {
  const named = subnets.find(({ id }) => id === subnetId);
  if (subnetId !== undefined && !named) return 'subnet-not-found';
  if (ipAddress === undefined) return undefined;
  if (subnets.length === 0) return 'no-subnet';
  const subnet = named ?? subnets.find((candidate) => candidate.contains(ipAddress));
  if (!subnet?.contains(ipAddress)) return 'address-outside-pools';
  // A router is a machine like any other: the network's owner may give a port the gateway's address, or the DHCP server's.
  if (subnet.reserved.includes(ipAddress)) return isOwner ? { subnet, ipAddress } : 'network-owner-required';
  if (!subnet.isInPools(ipAddress)) return 'address-outside-pools';
  return { subnet, ipAddress };
}
