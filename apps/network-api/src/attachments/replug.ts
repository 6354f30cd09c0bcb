import {
  appendEvents,
  checkIfMatch,
  createOnce,
  type IdempotencyClaim,
  type OperationResponse,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { lookUpPorts } from '../ports/lookup.ts';
import { findConflict, plugIn, portAlreadyPlugged } from './plug.ts';
import { pluggedInto, takeOut } from './unplug.ts';

/** A request to move what is plugged into a port to another one. */
export interface Replug {
  readonly caller: UserCaller;
  readonly portId: string;
  readonly toPortId: string;
  readonly ifMatch: string | undefined;
  readonly idempotency: IdempotencyClaim | undefined;
}

/**
 * Moves a vNIC from one port of the project to another in one step: nobody sees it in neither or in both. It is a plug like any
 * other, so the generation rises; the host that had realised it finds the old binding withdrawn, and claims the new one.
 */
export function replugVnic(parts: Parts, request: Replug): Promise<OperationResponse> {
  const { caller, portId, toPortId, ifMatch, idempotency } = request;
  return createOnce(parts, idempotency, async (trx) => {
    const [from, to] = [
      { caller, portId },
      { caller, portId: toPortId },
    ];
    const portOf = await lookUpPorts(trx, [from, to], 'plug');
    const [oldPort, newPort] = [portOf(from), portOf(to)];
    const { vnicId, macAddress, revision } = pluggedInto(oldPort);
    checkIfMatch(ifMatch, revision);
    if (newPort.vnic_id !== null) throw portAlreadyPlugged(newPort, vnicId);
    const card = { caller, vnicId, macAddress };
    const released = await takeOut(trx, [oldPort]);
    const conflictOf = await findConflict(trx, [card], () => newPort.network_id);
    const conflict = conflictOf(card);
    if (conflict) throw conflict;
    const { plugged, events } = await plugIn(trx, [{ card, port: newPort }]);
    await appendEvents(trx, [...released, ...events]);
    const attachment = plugged.get(card);
    if (!attachment) throw new Error('a plug was not written');
    return { status: 200, body: attachment };
  });
}
