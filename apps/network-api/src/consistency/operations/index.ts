import type { Judge } from '../history/writes.ts';
import { attachmentOperations } from './attachments.ts';
import { bindingOperations } from './bindings.ts';
import { networkOperations } from './networks.ts';
import type { Operation, Role } from './operation.ts';
import { portChangeOperations } from './port-changes.ts';
import { portOperations } from './ports.ts';
import { quotaOperations } from './quotas.ts';
import { repeatOperations } from './repeats.ts';
import { defaultGroupMade, securityGroupOperations } from './security-groups.ts';
import { subnetOperations } from './subnets.ts';

/** Everything that clients do in the test. To add something, write it in its room and put it into the room's list. */
export const operations: readonly Operation[] = [
  ...networkOperations,
  ...subnetOperations,
  ...portOperations,
  ...portChangeOperations,
  ...attachmentOperations,
  ...bindingOperations,
  ...securityGroupOperations,
  ...quotaOperations,
  ...repeatOperations(operationNamed),
];

/** The operation of that name. */
export function operationNamed(name: string): Operation {
  const found = operations.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`there is no operation ${name} in the list`);
  return found;
}

/** What the service is held to. */
export const correctService: Judge = {
  ofCall: (model, call) => operationNamed(call.operation).judge(model, call.ask, call),
  ofUnasked: defaultGroupMade,
};

/** Those that read at the end all that there is. */
export function finalReadings(role: Role): readonly Operation[] {
  return operations.filter((candidate) => candidate.role === role && candidate.drawAll !== undefined);
}
