import type { Knex } from 'knex';
import { outcomeOf, type Outcome } from './coalescing.ts';
import type { Database } from './database.ts';
import { claimKeys, identify, recordAnswers, type IdempotencyClaim } from './idempotency.ts';
import type { OperationResponse } from './operations.ts';
import { Problem } from './problem.ts';
import { inTransaction } from './transactions.ts';

/** Requests that are worked on together, and what is known of each so far. */
export interface Batch<Request, Answer> {
  /** The requests of which nothing has been said yet, in the order in which they came. */
  readonly pending: readonly Request[];
  /** Holds each pending request against a rule. One for which the rule throws a problem is refused with it. */
  check(rule: (request: Request) => void): void;
  refuse(request: Request, problem: Problem): void;
  answer(request: Request, answer: Answer): void;
  /** Leaves a request for the next batch, because of another one in this batch that must come before it. */
  postpone(request: Request): void;
  /** The same for every pending request but the first of each key: two that touch the same thing go one after the other. */
  postponeRepeated(keyOf: (request: Request) => string | undefined): void;
}

/** A request that may come with an idempotency key. */
export interface Repeatable {
  readonly idempotency: IdempotencyClaim | undefined;
}

/**
 * Does many writes in one transaction, and says for each request what became of it.
 *
 * The work goes in two halves. First it takes all locks in their order, and refuses under them what can't be done: that touches
 * no other request. Then it writes for those that are left. What goes wrong from the first write on must be thrown: it undoes the
 * whole batch, and `coalesce` runs each request again alone, where the failure is its own.
 */
export function writeTogether<Request, Answer>(
  database: Database,
  requests: readonly Request[],
  work: (trx: Knex.Transaction, batch: Batch<Request, Answer>) => Promise<void>,
): Promise<Outcome<Answer>[]> {
  return inTransaction(database, async (trx) => {
    const batch = openBatch<Request, Answer>(requests);
    await work(trx, batch);
    return batch.outcomes();
  });
}

/**
 * The same for creations, each once per idempotency key: a repeated request gets the first answer again, and answers are
 * recorded with the work itself. Keys are the first locks of all.
 */
export function createTogether<Request extends Repeatable>(
  database: Database,
  requests: readonly Request[],
  work: (trx: Knex.Transaction, batch: Batch<Request, OperationResponse>) => Promise<void>,
): Promise<Outcome<OperationResponse>[]> {
  return inTransaction(database, async (trx) => {
    const batch = openBatch<Request, OperationResponse>(requests);
    batch.postponeRepeated(({ idempotency }) => idempotency && identify(idempotency));
    const claims = batch.pending.flatMap(({ idempotency }) => idempotency ?? []);
    const answered = await claimKeys(trx, claims);
    for (const request of batch.pending) {
      const known = request.idempotency && answered.get(request.idempotency);
      if (known instanceof Problem) batch.refuse(request, known);
      else if (known) batch.answer(request, known);
    }
    const claimants = batch.pending;
    if (claimants.length > 0) await work(trx, batch);
    const records = claimants.flatMap((request) =>
      request.idempotency ? [{ claim: request.idempotency, response: batch.answerTo(request) }] : [],
    );
    await recordAnswers(trx, records);
    return batch.outcomes();
  });
}

interface OpenBatch<Request, Answer> extends Batch<Request, Answer> {
  answerTo(request: Request): Answer | undefined;
  outcomes(): Outcome<Answer>[];
}

function openBatch<Request, Answer>(requests: readonly Request[]): OpenBatch<Request, Answer> {
  const said = new Map<Request, Outcome<Answer>>();
  const say = (request: Request, outcome: Outcome<Answer>) => {
    if (said.has(request)) throw new Error('of a request in a batch two things are said');
    said.set(request, outcome);
  };
  const pending = () => requests.filter((request) => !said.has(request));
  return {
    get pending() {
      return pending();
    },
    check(rule) {
      for (const request of pending()) {
        const outcome = outcomeOf(() => rule(request));
        if ('refusal' in outcome) say(request, outcome);
      }
    },
    refuse: (request, problem) => say(request, { refusal: problem }),
    answer: (request, answer) => say(request, { answer }),
    postpone: (request) => say(request, 'postponed'),
    postponeRepeated(keyOf) {
      const seen = new Set<string>();
      for (const request of pending()) {
        const key = keyOf(request);
        if (key !== undefined && seen.has(key)) say(request, 'postponed');
        else if (key !== undefined) seen.add(key);
      }
    },
    answerTo(request) {
      const outcome = said.get(request);
      return typeof outcome === 'object' && 'answer' in outcome ? outcome.answer : undefined;
    },
    outcomes: () =>
      requests.map((request) => {
        const outcome = said.get(request);
        if (!outcome) throw new Error('of a request in a batch nothing was said');
        return outcome;
      }),
  };
}
