import { canonicalJson } from '@patchpanel/service-kit';
import type { KeyedCall } from './knowledge.ts';
import { operation, type Operation } from './operation.ts';

/** Operations by name, for those that repeat others. */
type Find = (name: string) => Operation;

/**
 * Repeats of what was answered before, with the same key: asked for the same, the service gives the first answer again, and
 * for something else it refuses.
 */
export function repeatOperations(find: Find): readonly Operation[] {
  const repeated = ({ operation: name, key }: KeyedCall) => ({ operation: name, key });
  return [
    operation<KeyedCall>({
      name: 'repeatWithSameKey',
      role: 'user',
      weight: 4,
      draw: (dice, known, { projectId }) =>
        dice.pick(known.keyed.filter((call) => call.projectId === projectId)),
      request: (ask) => find(ask.operation).request(ask.ask),
      repeats: repeated,
      judge: (_model, ask) => ({
        kind: 'done',
        statuses: [ask.status],
        events: [],
        check: ({ body }) =>
          canonicalJson(body) === canonicalJson(ask.body)
            ? undefined
            : `the repeated call ${ask.callId} was first answered with ${canonicalJson(ask.body)}`,
      }),
    }),
    operation<KeyedCall>({
      name: 'reuseKeyForAnother',
      role: 'user',
      weight: 1,
      draw: (dice, known, { projectId }) =>
        dice.pick(
          known.keyed.filter((call) => call.projectId === projectId && call.operation === 'createNetwork'),
        ),
      request: (ask) => ({ ...find(ask.operation).request(ask.ask), body: { name: 'something else' } }),
      repeats: repeated,
      judge: () => ({ kind: 'refused', codes: ['idempotency-key-reused'] }),
    }),
  ];
}
