import { isDatabaseOutOfReach } from './database-errors.ts';
import { Problem } from './problem.ts';
import { isInTransaction } from './transaction-scope.ts';

/** What became of one request of a batch. `postponed` ones are asked again, before all that came later. */
export type Outcome<Answer> = { readonly answer: Answer } | { readonly refusal: unknown } | 'postponed';

/** What comes of work on one request that may throw a problem; anything else that it throws is no outcome. */
export function outcomeOf<Answer>(work: () => Answer): Exclude<Outcome<Answer>, 'postponed'> {
  try {
    return { answer: work() };
  } catch (error) {
    if (error instanceof Problem) return { refusal: error };
    throw error;
  }
}

export interface CoalescingOptions<Request, Answer> {
  /**
   * Does the work of many requests at once and says for each, in their order, what became of it. It rejects only when the whole
   * batch has come to nothing; then each request is run again alone, so that nobody fails because of another.
   */
  readonly run: (requests: readonly Request[]) => Promise<readonly Outcome<Answer>[]>;
  /** Requests of one key never run in two batches at the same time: they would only wait for each other's locks. */
  readonly keyOf?: (request: Request) => string;
  /** Whether a batch may hold several keys; true unless given. */
  readonly mixesKeys?: boolean;
  /** How many batches run at a time; 2 unless given. A batch that waits long for somebody's lock then holds up only its keys. */
  readonly lanes?: number;
  /** How much a request adds to its batch; 1 unless given. */
  readonly weightOf?: (request: Request) => number;
  /** How much a batch takes, 64 unless given; a request that is more than that goes alone. */
  readonly maximumWeight?: number;
  /** Told of each batch that has ended: how many requests it had. */
  readonly onBatch?: (size: number) => void;
}

interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly key: string | undefined;
  readonly weight: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers requests that come at the same time into batches. While a batch is in flight the next one gathers, and goes when a
 * lane is free: a lone request waits for nothing, and the more there are, the more share the cost of a batch. There are no
 * timers. Requests are taken in the order in which they came, so none starves. What has been taken is finished: a caller who
 * goes away takes nobody's answer along.
 */
export function coalesce<Request, Answer>(
  options: CoalescingOptions<Request, Answer>,
): (request: Request) => Promise<Answer> {
  const { run, keyOf, onBatch } = options;
  const { lanes = 2, weightOf = () => 1, maximumWeight = 64, mixesKeys = true } = options;
  let queue: Waiting<Request, Answer>[] = [];
  const busyKeys = new Set<string>();
  let running = 0;
  let isWoken = false;

  /** Takes the first request whose key is not in flight, and what fits beside it. */
  const takeBatch = (): Waiting<Request, Answer>[] => {
    const batch: Waiting<Request, Answer>[] = [];
    const left: Waiting<Request, Answer>[] = [];
    let weight = 0;
    let isFull = false;
    for (const waiting of queue) {
      const isFree = waiting.key === undefined || !busyKeys.has(waiting.key);
      const isOfBatch = mixesKeys || batch[0] === undefined || batch[0].key === waiting.key;
      const fits = batch.length === 0 || weight + waiting.weight <= maximumWeight;
      // What comes later must not overtake one that did not fit.
      if (isFree && isOfBatch && !fits) isFull = true;
      if (isFree && isOfBatch && !isFull) {
        batch.push(waiting);
        weight += waiting.weight;
      } else {
        left.push(waiting);
      }
    }
    queue = left;
    return batch;
  };

  const finish = async (batch: readonly Waiting<Request, Answer>[]): Promise<void> => {
    const postponed = await settle(batch, run);
    onBatch?.(batch.length);
    queue = [...postponed, ...queue];
  };

  const start = () => {
    isWoken = false;
    while (running < lanes) {
      const batch = takeBatch();
      if (batch.length === 0) return;
      const keys = batch.flatMap(({ key }) => (key === undefined ? [] : [key]));
      for (const key of keys) busyKeys.add(key);
      running++;
      void finish(batch).finally(() => {
        running--;
        for (const key of keys) busyKeys.delete(key);
        wake();
      });
    }
  };

  /** Starts after all that the event loop has at hand has been read: requests that came together go together. */
  const wake = () => {
    if (isWoken || queue.length === 0) return;
    isWoken = true;
    setImmediate(start);
  };

  return (request) => {
    if (isInTransaction()) {
      return Promise.reject(new Error('a request inside a transaction would wait for other transactions'));
    }
    return new Promise((resolve, reject) => {
      queue.push({ request, key: keyOf?.(request), weight: weightOf(request), resolve, reject });
      wake();
    });
  };
}

/** Runs a batch and answers its requests; gives those that are to be asked again. */
async function settle<Request, Answer>(
  batch: readonly Waiting<Request, Answer>[],
  run: CoalescingOptions<Request, Answer>['run'],
): Promise<Waiting<Request, Answer>[]> {
  let outcomes: readonly Outcome<Answer>[];
  try {
    outcomes = await run(batch.map(({ request }) => request));
    if (outcomes.length !== batch.length) throw new Error('a batch must say what became of each request');
  } catch (error) {
    const [only, ...more] = batch;
    if (only && (more.length === 0 || isDatabaseOutOfReach(error))) {
      for (const { reject } of batch) reject(error);
      return [];
    }
    const again = await Promise.all(batch.map((waiting) => settle([waiting], run)));
    return again.flat();
  }
  return batch.filter(({ resolve, reject }, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined || outcome === 'postponed') return true;
    if ('answer' in outcome) resolve(outcome.answer);
    else reject(outcome.refusal);
    return false;
  });
}
