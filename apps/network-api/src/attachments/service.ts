import type { Attachment, AttachmentInput } from '@patchpanel/contract-network';
import {
  coalesce,
  type IdempotencyClaim,
  type Metrics,
  type OperationResponse,
  type UserCaller,
} from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { lookUpPort } from '../ports/lookup.ts';
import { invalidRequest } from '../problems.ts';
import { readMacAddress } from './mac.ts';
import {
  plugIntoAnyPorts,
  plugIntoPorts,
  type Card,
  type Plug,
  type PlugAnswer,
  type PlugAny,
} from './plug.ts';
import { replugVnic, type Replug } from './replug.ts';
import { pluggedInto, unplugPorts, type Unplug } from './unplug.ts';

/** What users plug into ports. Requests that come at the same time share their statements and transactions. */
export interface AttachmentService {
  get(caller: UserCaller, portId: string): Promise<Attachment>;
  /** Plugs a vNIC into a port. */
  plug(caller: UserCaller, portId: string, input: AttachmentInput): Promise<PlugAnswer>;
  /** Plugs a vNIC into the oldest port of the network that is available, in one step. */
  plugAny(
    caller: UserCaller,
    networkId: string,
    input: AttachmentInput,
    idempotency: IdempotencyClaim | undefined,
  ): Promise<OperationResponse>;
  /** Takes out what is plugged into a port. */
  unplug(caller: UserCaller, portId: string, ifMatch: string | undefined): Promise<void>;
  /** Moves what is plugged into a port to another one, in one step. */
  replug(request: Replug): Promise<OperationResponse>;
}

/** Opens the service. */
export function openAttachmentService(parts: Parts & { readonly metrics: Metrics }): AttachmentService {
  const count = (operation: string) => (size: number) => parts.metrics.countBatch(operation, size);
  const plug = coalesce<Plug, PlugAnswer>({
    run: (requests) => plugIntoPorts(parts, requests),
    onBatch: count('plugVnic'),
  });
  const plugAny = coalesce<PlugAny, OperationResponse>({
    run: (requests) => plugIntoAnyPorts(parts, requests),
    keyOf: ({ caller, networkId }) => `${caller.projectId} ${networkId}`,
    mixesKeys: false,
    lanes: 4,
    onBatch: count('plugVnicIntoAnyPort'),
  });
  const unplug = coalesce<Unplug, void>({
    run: (requests) => unplugPorts(parts, requests),
    onBatch: count('unplugVnic'),
  });
  return {
    get: async (caller, portId) => pluggedInto(await lookUpPort(parts.database.knex, caller, 'read', portId)),
    plug: async (caller, portId, input) => plug({ caller, portId, ...readCard(input) }),
    plugAny: async (caller, networkId, input, idempotency) =>
      plugAny({ caller, networkId, idempotency, ...readCard(input) }),
    unplug: (caller, portId, ifMatch) => unplug({ caller, portId, ifMatch }),
    replug: (request) => replugVnic(parts, request),
  };
}

function readCard({ vnicId, macAddress }: AttachmentInput): Card {
  const mac = readMacAddress(macAddress, '/macAddress');
  if ('detail' in mac) throw invalidRequest([mac]);
  return { vnicId, macAddress: mac.macAddress };
}
