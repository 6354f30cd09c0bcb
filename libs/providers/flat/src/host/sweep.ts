import { isSameWiring, type Leftover, type WiringIdentity } from '@patchpanel/provider';
import { run } from './commands.ts';
import { parseLabel } from './labels.ts';
import { bridgeName, hostEndName, hostEndOfChain, tableName } from './names.ts';
import { readAllHostLinks, type ActualLink } from './snapshot.ts';
import { removeObjects } from './wire.ts';
import { z } from 'zod';

const chainList = z.object({
  nftables: z.array(
    z.looseObject({
      chain: z.object({ family: z.string(), table: z.string(), name: z.string() }).optional(),
    }),
  ),
});

/** A chain of ours. */
export interface ActualChainName {
  readonly family: string;
  readonly name: string;
}

/** The wirings whose links exist. */
export async function listWirings(instance: string): Promise<readonly WiringIdentity[]> {
  return (await readAllHostLinks()).flatMap((link) => wiringOf(instance, link) ?? []);
}

/** Removes what belongs to no valid wiring, or only says what that would be. */
export async function sweep(
  instance: string,
  validSet: readonly WiringIdentity[],
  { dryRun }: { readonly dryRun: boolean },
): Promise<readonly Leftover[]> {
  const [links, chains] = await Promise.all([readAllHostLinks(), readChainNames(instance)]);
  const leftovers = leftoversOf(instance, validSet, links, chains);
  if (dryRun || leftovers.length === 0) return leftovers;
  const namesOf = (kind: string) =>
    leftovers.filter((leftover) => leftover.kind === kind).map(({ name }) => name);
  const ofChains = namesOf('nft-chain').flatMap((name) => hostEndOfChain(name) ?? []);
  await removeObjects(instance, {
    hostEnds: [...new Set([...namesOf('link'), ...ofChains])],
    bridges: namesOf('bridge'),
  });
  return leftovers;
}

/** What there is of this instance that no valid wiring needs. Pure. */
export function leftoversOf(
  instance: string,
  validSet: readonly WiringIdentity[],
  links: readonly ActualLink[],
  chains: readonly ActualChainName[],
): readonly Leftover[] {
  const validEnds = new Set(validSet.map(({ vnicId }) => hostEndName(vnicId)));
  const validBridges = new Set(validSet.map(({ networkId }) => bridgeName(networkId)));
  const strayLinks = links.flatMap((link): Leftover[] => {
    const identity = wiringOf(instance, link);
    const isValid = identity === undefined || validSet.some((valid) => isSameWiring(valid, identity));
    return isValid ? [] : [{ kind: 'link', name: link.ifname, identity }];
  });
  const doomed = new Set(strayLinks.map(({ name }) => name));
  const strayChains = chains.flatMap(({ name }): Leftover[] => {
    const hostEnd = hostEndOfChain(name);
    const isValid = hostEnd === undefined || (validEnds.has(hostEnd) && !doomed.has(hostEnd));
    return isValid ? [] : [{ kind: 'nft-chain', name }];
  });
  const strayBridges = links.flatMap(({ ifname, ifalias }): Leftover[] => {
    const label = parseLabel(ifalias);
    const isOurs = label?.kind === 'network' && label.instance === instance;
    const isInUse = links.some(({ ifname: joined, master }) => master === ifname && !doomed.has(joined));
    return isOurs && !validBridges.has(ifname) && !isInUse ? [{ kind: 'bridge', name: ifname }] : [];
  });
  return [...strayLinks, ...strayChains, ...strayBridges];
}

function wiringOf(instance: string, { ifalias }: ActualLink): WiringIdentity | undefined {
  const label = parseLabel(ifalias);
  return label?.kind === 'vnic' && label.instance === instance ? label.identity : undefined;
}

async function readChainNames(instance: string): Promise<readonly ActualChainName[]> {
  const table = tableName(instance);
  const listing = chainList.parse(JSON.parse(await run({ program: 'nft', args: ['-j', 'list', 'chains'] })));
  return listing.nftables.flatMap(({ chain }) => (chain?.table === table ? [chain] : []));
}
