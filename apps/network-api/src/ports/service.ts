import type { Port, PortInput, PortList, PortPatch } from '@patchpanel/contract-network';
import {
  coalesce,
  outcomeOf,
  type IdempotencyClaim,
  type Metrics,
  type OperationResponse,
  type Outcome,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { makePorts, type PortCreation } from './creation.ts';
import { deletePorts, type PortDeletion } from './deletion.ts';
import { listPorts, type PortQuery } from './list.ts';
import { lookAtPorts, type PortAsked } from './lookup.ts';
import { updatePort } from './update.ts';
import { toPort } from './wire.ts';

/** What users do with ports. Requests that come at the same time share their statements and transactions. */
export interface PortService {
  /** Makes a port, which has its addresses from now on. */
  create(
    caller: UserCaller,
    networkId: string,
    input: PortInput,
    idempotency: IdempotencyClaim | undefined,
  ): Promise<OperationResponse>;
  /** Makes many ports, all or none. */
  createMany(
    caller: UserCaller,
    networkId: string,
    inputs: readonly PortInput[],
    idempotency: IdempotencyClaim | undefined,
  ): Promise<OperationResponse>;
  get(caller: UserCaller, portId: string): Promise<Port>;
  list(caller: UserCaller, query: PortQuery): Promise<PortList>;
  update(caller: UserCaller, portId: string, patch: PortPatch, ifMatch: string | undefined): Promise<Port>;
  delete(caller: UserCaller, portId: string, ifMatch: string | undefined): Promise<void>;
}

/** Ports made in one batch: more would make the first of them wait. */
const largestBatch = 256;

/** Opens the service. */
export function openPortService(parts: Parts & { readonly metrics: Metrics }): PortService {
  const count = (operation: string) => (size: number) => parts.metrics.countBatch(operation, size);
  const make = coalesce<PortCreation, OperationResponse>({
    run: (requests) => makePorts(parts, requests),
    keyOf: ({ networkId }) => networkId,
    weightOf: ({ inputs }) => inputs.length,
    maximumWeight: largestBatch,
    onBatch: count('createPort'),
  });
  const remove = coalesce<PortDeletion, void>({
    run: (requests) => deletePorts(parts, requests),
    onBatch: count('deletePort'),
  });
  const read = coalesce<PortAsked, Port>({
    run: (requests) => readPorts(parts, requests),
    maximumWeight: 256,
    onBatch: count('getPort'),
  });
  return {
    create: (caller, networkId, input, idempotency) =>
      make({ caller, networkId, inputs: [input], isForOne: true, idempotency }),
    createMany: (caller, networkId, inputs, idempotency) =>
      make({ caller, networkId, inputs, isForOne: false, idempotency }),
    get: (caller, portId) => read({ caller, portId }),
    list: (caller, query) => listPorts(parts, caller, query),
    update: (caller, portId, patch, ifMatch) => updatePort(parts, caller, portId, patch, ifMatch),
    delete: (caller, portId, ifMatch) => remove({ caller, portId, ifMatch }),
  };
}

/** Reads many ports in one statement. */
async function readPorts({ database }: Parts, requests: readonly PortAsked[]): Promise<Outcome<Port>[]> {
  const portOf = await lookAtPorts(database.knex, requests);
  return requests.map((request) => outcomeOf(() => toPort(portOf(request))));
}
