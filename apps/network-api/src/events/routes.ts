import type { Event } from '@patchpanel/contract-network';
import {
  answerEvents,
  userOperation,
  type FeedEvent,
  type FeedQuery,
  type OperationHandlers,
} from '@patchpanel/service-kit';
import { z } from 'zod';
import type { Parts } from '../parts.ts';
import { selectEvents, type EventSelection } from './service.ts';

/** What the rooms write for users. */
const told = z.object({
  resourceType: z.enum(['network', 'subnet', 'port', 'security-group', 'quota']),
  projectId: z.string(),
  change: z.enum(['created', 'updated', 'deleted', 'lease-expiring']),
});

/** The feed of what changes, for users. */
export function eventOperations({ database }: Pick<Parts, 'database'>): OperationHandlers {
  return {
    followEvents: userOperation<{ query: FeedQuery & EventSelection }>(async ({ caller, ...request }) =>
      answerEvents(database, request, {
        filter: selectEvents(caller, request.query),
        present: (event) => ({
          name: `${event.resourceType}.${event.change}`,
          item: toEvent(event),
        }),
      }),
    ),
  };
}

function toEvent(event: FeedEvent): Event {
  const { cursor, resourceId, revision, occurredAt } = event;
  return { cursor, ...told.parse(event), resourceId, revision, occurredAt };
}
