import type { Change } from '@patchpanel/contract-network-southbound';
import {
  readEvents,
  serviceOperation,
  type FeedEvent,
  type FeedQuery,
  type OperationHandlers,
} from '@patchpanel/service-kit';
import { z } from 'zod';
import type { Parts } from '../parts.ts';
import { audiencesOfHost } from './store.ts';

const change = z.enum(['created', 'updated', 'deleted']);
const entries = z.array(z.object({ portId: z.string(), ipAddress: z.string() }));

/** What the rooms write for hosts. Members that are too many to be told are to be listed again. */
const told = z.discriminatedUnion('resourceType', [
  z.object({
    resourceType: z.literal('binding'),
    projectId: z.string(),
    change,
    data: z.object({ vnicId: z.string() }),
  }),
  z.object({ resourceType: z.enum(['network', 'security-group']), projectId: z.string(), change }),
  z.object({
    resourceType: z.literal('security-group-members'),
    projectId: z.string(),
    change,
    data: z.object({ added: entries, removed: entries }).optional(),
  }),
]);

/** The feed of what changes in a host's bindings, and in what they need. */
export function changeOperations({ database }: Pick<Parts, 'database'>): OperationHandlers {
  return {
    followChanges: serviceOperation<{ query: FeedQuery }>(async ({ query, caller, signal }) => {
      const { items, nextCursor } = await readEvents(database, {
        filter: { audiences: audiencesOfHost(caller.host) },
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
  const known = told.parse(event);
  const { resourceType, projectId } = known;
  const { resourceId, revision, occurredAt } = event;
  const common = { resourceType, resourceId, projectId, change: known.change, revision, occurredAt };
  if (known.resourceType === 'binding') return { ...common, vnicId: known.data.vnicId };
  if (known.resourceType === 'security-group-members' && known.data)
    return { ...common, members: known.data };
  return common;
}
