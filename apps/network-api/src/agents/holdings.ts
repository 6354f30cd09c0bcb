import type { HoldingsReport } from '@patchpanel/contract-network-southbound';
import { appendEvents, inTransaction, type NewEvent, type ServiceCaller } from '@patchpanel/service-kit';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { formatIp, parseIp } from '../addresses/ip.ts';
import { lockWaitingAddresses, startRest } from '../addresses/store.ts';
import { noteEverBound } from '../bindings/bound-port.ts';
import { raisePlugs } from '../bindings/relief.ts';
import type { Parts } from '../parts.ts';
import { lockPorts } from '../ports/store.ts';
import { southboundProblem } from '../southbound/problems.ts';
import { beginHoldings, endHoldings, raiseEpochAbove, readRecovery } from './recovery-store.ts';
import { lockStraySubnets, restStrayAddresses } from './stray-addresses.ts';
import {
  deleteStrays,
  keyOfVnic,
  raiseToSeen,
  selectEndedStrays,
  selectOvertaken,
  selectUnaccounted,
  writeStrays,
  type SaidWiring,
  type StrayRow,
} from './stray-store.ts';

/** An integer of the database's. */
const highestEpoch = 2 ** 31 - 1;

/**
 * Takes in what is wired on a host. What the database accounts for needs nothing. Anything else is a stray: it stays wired, its
 * addresses are given to nobody, and the vNIC's next plug is newer. Of a fenced host only that last thing is heeded.
 */
export async function reportHoldings(
  parts: Parts,
  caller: ServiceCaller,
  report: HoldingsReport,
): Promise<void> {
  const said = onePerVnic(report.holdings.map(toSaid));
  const otherLives = await inTransaction(parts.database, async (trx) => {
    const { isFenced } = await beginHoldings(trx, caller.host);
    const { epoch, is_over: isOver } = await readRecovery(trx);
    if (isFenced) {
      await raiseToSeen(trx, said);
      return [];
    }
    const unaccounted = await selectUnaccounted(trx, caller.host, said);
    const strays = said.filter((wiring) => unaccounted.has(keyOfVnic(wiring)));
    const accounted = said.filter((wiring) => !unaccounted.has(keyOfVnic(wiring)));
    const isComplete = report.isComplete && report.epoch === epoch;
    await writeStrays(
      trx,
      caller.host,
      strays.map((stray) => ({ ...stray, id: newId() })),
    );
    const ended = await selectEndedStrays(trx, caller.host, accounted, isComplete);
    await deleteStrays(
      trx,
      ended.map(({ id }) => id),
    );
    const events = await settle(parts, trx, said, strays, ended);
    if (isComplete) await endHoldings(trx, caller.host, epoch);
    await appendEvents(trx, events);
    // A database that was restored twice may come to an epoch that it has had before.
    return said
      .filter(
        (wiring) => wiring.epoch > epoch || (wiring.epoch === epoch && !isOver && strays.includes(wiring)),
      )
      .map((wiring) => wiring.epoch);
  });
  if (otherLives.length > 0) await raiseEpochAbove(parts.database, otherLives, parts.agentSilenceSeconds);
}

/** Takes the locks in their order, and writes what follows from strays that came and that ended. */
async function settle(
  parts: Parts,
  trx: Knex,
  said: readonly SaidWiring[],
  strays: readonly SaidWiring[],
  ended: readonly StrayRow[],
): Promise<readonly NewEvent[]> {
  const subnetIds = await lockStraySubnets(trx, strays, ended);
  const overtaken = await selectOvertaken(trx, strays);
  const [strayPortIds, endedPortIds] = [portsOf(strays), portsOf(ended)];
  await lockPorts(trx, [...strayPortIds, ...endedPortIds, ...portsOf(overtaken)]);
  await noteEverBound(trx, strayPortIds);
  await lockWaitingAddresses(trx, endedPortIds);
  await restStrayAddresses(trx, strays, subnetIds);
  await startRest(trx, endedPortIds, parts.addressRestSeconds);
  await raiseToSeen(trx, said);
  // Under the ports' locks it is looked at again: a plug may have moved meanwhile.
  const ports = new Set(portsOf(overtaken));
  const still = (await selectOvertaken(trx, strays)).filter(({ port_id: portId }) => ports.has(portId));
  return raisePlugs(trx, portsOf(still));
}

const portsOf = (rows: readonly { readonly port_id: string }[]): string[] =>
  rows.map(({ port_id: portId }) => portId);

/**
 * What a host has wired of one vNIC more than once, as when an older device was left behind, counts as one wiring: the newest,
 * with the addresses of all.
 */
function onePerVnic(said: readonly SaidWiring[]): SaidWiring[] {
  return [...Map.groupBy(said, keyOfVnic).values()].flatMap((wirings) => {
    const [newest] = wirings.toSorted(
      (one, other) =>
        other.epoch - one.epoch || other.generation - one.generation || other.placement - one.placement,
    );
    if (!newest) return [];
    const addresses = wirings.flatMap((wiring) => wiring.ip_addresses);
    return [{ ...newest, ip_addresses: [...new Set(addresses)] }];
  });
}

/** Throws when an address or an epoch is none: the document leaves that to us. */
function toSaid(holding: HoldingsReport['holdings'][number], index: number): SaidWiring {
  const pointer = `/holdings/${index}`;
  if (holding.epoch >= highestEpoch) throw refusal(`${pointer}/epoch`, `must be below ${highestEpoch}`);
  return {
    project_id: holding.projectId,
    vnic_id: holding.vnicId,
    port_id: holding.portId,
    network_id: holding.networkId,
    mac_address: holding.macAddress.toLowerCase(),
    epoch: holding.epoch,
    generation: holding.generation,
    placement: holding.placement,
    ip_addresses: holding.ipAddresses.map((text, place) =>
      readAddress(text, `${pointer}/ipAddresses/${place}`),
    ),
  };
}

function readAddress(text: string, pointer: string): string {
  const parsed = parseIp(text);
  if (!parsed.isValid) throw refusal(pointer, parsed.reason);
  return formatIp(parsed.value.version, parsed.value.value);
}

function refusal(pointer: string, detail: string): Error {
  return southboundProblem('invalid-request', `Correct the request: ${pointer} ${detail}.`, {
    errors: [{ pointer, detail }],
  });
}
