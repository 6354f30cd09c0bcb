import { Connection, type Answer } from './connection.ts';
import { Latencies } from './latencies.ts';

/** Sends a request of the current client and waits for its answer. */
export type Send = (request: string) => Promise<Answer>;

/** What a client does over and over: its next step is made when the last one has been answered. */
export interface Workload {
  /**
   * One step of a client: one request or several, one after another. Answers `false` without sending anything when there is
   * nothing left to do.
   */
  step(client: number, send: Send): Promise<unknown>;
  /** Which time counts: of the whole step, or of its first request alone. */
  readonly timed?: 'step' | 'first-request';
}

export interface LoopOptions {
  /** Where the clients connect to: shared out among them in turn. */
  readonly urls: readonly string[];
  readonly clients: number;
  readonly seconds: number;
  /** Steps are made but not counted for so long. */
  readonly warmUpSeconds: number;
  readonly signal: AbortSignal;
  /** Called when counting begins and when it has ended. */
  readonly onWindow?: (phase: 'begin' | 'end') => void;
}

/** What came of a loop. */
export interface LoopResult {
  /** Steps all of whose requests were answered with a status of success. */
  readonly steps: number;
  readonly stepsPerSecond: number;
  readonly latencies: Latencies;
  /** Requests that failed, and how: `409 subnet-exhausted`, or a connection's error. */
  readonly errors: ReadonlyMap<string, number>;
}

/** An error that ends the loop: there are no connections left to work with. */
class Broken extends Error {}

/** Lets so many clients work, each on a connection of its own, and counts what they get done between warm-up and end. */
export async function runLoop(workload: Workload, options: LoopOptions): Promise<LoopResult> {
  const { urls, clients, signal } = options;
  const latencies = new Latencies();
  const errors = new Map<string, number>();
  let steps = 0;
  let isOver = false;
  let countFrom = Infinity;
  let endedAt: number | undefined;
  const end = () => {
    if (isOver) return;
    isOver = true;
    endedAt = performance.now();
    options.onWindow?.('end');
  };
  const begin = () => {
    if (isOver || countFrom !== Infinity) return;
    countFrom = performance.now();
    options.onWindow?.('begin');
  };
  const note = (what: string) => errors.set(what, (errors.get(what) ?? 0) + 1);

  const connections = await Promise.all(
    Array.from({ length: clients }, (_, index) => Connection.open(urls[index % urls.length] ?? '')),
  );
  const runClient = async (connection: Connection, client: number): Promise<void> => {
    let isGood = true;
    let firstMs: number | undefined;
    let startedAt = 0;
    const send: Send = async (request) => {
      let answer: Answer;
      try {
        answer = await connection.send(request);
      } catch (error) {
        isGood = false;
        note(error instanceof Error ? error.message : String(error));
        throw new Broken();
      }
      firstMs ??= performance.now() - startedAt;
      if (answer.status < 200 || answer.status > 299) {
        isGood = false;
        note(describeFailure(answer));
      }
      return answer;
    };
    while (!isOver && !signal.aborted) {
      isGood = true;
      firstMs = undefined;
      startedAt = performance.now();
      if ((await workload.step(client, send)) === false) return end();
      const now = performance.now();
      if (isOver || !isGood || now < countFrom) continue;
      steps += 1;
      latencies.add(workload.timed === 'first-request' ? (firstMs ?? now - startedAt) : now - startedAt);
    }
  };
  if (options.warmUpSeconds === 0) begin();
  const beginTimer = setTimeout(begin, options.warmUpSeconds * 1000);
  const endTimer = setTimeout(end, (options.warmUpSeconds + options.seconds) * 1000);
  try {
    await Promise.all(
      connections.map((connection, client) =>
        runClient(connection, client).catch((error: unknown) => {
          if (!(error instanceof Broken)) throw error;
        }),
      ),
    );
  } finally {
    clearTimeout(beginTimer);
    clearTimeout(endTimer);
    end();
    for (const connection of connections) connection.close();
  }
  signal.throwIfAborted();
  if (countFrom === Infinity && errors.size === 0)
    throw new Error('nothing was left to do before the warm-up was over');
  const elapsedMs = (endedAt ?? performance.now()) - countFrom;
  return { steps, stepsPerSecond: elapsedMs > 0 ? (steps * 1000) / elapsedMs : 0, latencies, errors };
}

/** A refusal in a few words: its status and the code of its problem. */
export function describeFailure({ status, body }: Answer): string {
  try {
    const problem: unknown = JSON.parse(body.toString());
    if (typeof problem === 'object' && problem !== null && 'code' in problem)
      return `${status} ${String(problem.code)}`;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // not JSON: the status alone must do
  }
  return String(status);
}
