import type { Answer } from '../history/history.ts';
import type { BindingState, PortState } from '../model/model.ts';
import type { Knowledge } from './knowledge.ts';
import type { ExpectedEvent } from './operation.ts';

/** What users are told of a port that has changed. */
export function portUpdated({ id, revision }: PortState): ExpectedEvent {
  return { resourceType: 'port', resourceId: id, revision: revision + 1, change: 'updated' };
}

/** What a host is told of a binding of its own. */
export function bindingChanged({ id, revision }: BindingState, change: 'updated' | 'deleted'): ExpectedEvent {
  return { resourceType: 'binding', resourceId: id, revision: revision + 1, change };
}

/** Remembers a port as it was shown. */
export function learnPort(known: Knowledge, port: Answer['body']): void {
  known.ports.set(port.id, {
    id: port.id,
    projectId: port.projectId,
    networkId: port.networkId,
    revision: port.revision,
    vnicId: port.attachment?.vnicId,
    ipAddresses: port.fixedIps.map(({ ipAddress }: { ipAddress: string }) => ipAddress),
  });
}
