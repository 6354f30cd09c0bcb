import type { Change } from '@patchpanel/contract-network-southbound';
import {
  readEvents,
  serviceOperation,
  type FeedEvent,
  type OperationHandlers,
} from '@patchpanel/service-kit';
import { z } from 'zod';
import type { Parts } from '../parts.ts';

interface FeedQuery {
  readonly cursor?: string;
  readonly waitSeconds?: number;
  readonly limit?: number;
}

/** What `bindingEvent` writes. */
const bindingChange = z.object({
  projectId: z.string(),
  change: z.enum(['created', 'updated', 'deleted']),
  data: z.object({ vnicId: z.string() }),
});

/** The feed of what changes in a host's bindings. */
export function changeOperations({ database }: Parts): OperationHandlers {
  return {
    followChanges: serviceOperation<{ query: FeedQuery }>(async ({ query, caller, signal }) => {
      const { items, nextCursor } = await readEvents(database, {
        filter: { audiences: [caller.host] },
        cursor: query.cursor,
        limit: query.limit,
        waitSeconds: query.waitSeconds,
        signal,
      });
      return { status: 200, body: { items: items.map(toChange), nextCursor } };
    }),
  };
}

function toChange(event: FeedEvent): Change {
  const { projectId, change, data } = bindingChange.parse(event);
  return {
    resourceType: 'binding',
    resourceId: event.resourceId,
    projectId,
    vnicId: data.vnicId,
    change,
    revision: event.revision,
    occurredAt: event.occurredAt,
  };
}
