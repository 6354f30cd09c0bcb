import { ExponentialBackoff, type IBackoff } from 'cockatiel';

export interface RetryTiming {
  /** Shortest wait before the first repetition. */
  readonly firstMilliseconds: number;
  /** Longest wait between two. */
  readonly mostMilliseconds: number;
}

interface Pending {
  readonly backoff: IBackoff<unknown>;
  readonly timer: NodeJS.Timeout;
}

/** What is to be tried again, by key: after waits that grow, with jitter, or at once when there is hope. */
export class Retries {
  readonly #pending = new Map<string, Pending>();
  readonly #attempt: (key: string) => void;
  readonly #first: () => IBackoff<unknown>;
  readonly #mostMilliseconds: number;
  #hastenedAt = -Infinity;
  #isClosed = false;

  constructor(timing: RetryTiming, attempt: (key: string) => void) {
    this.#attempt = attempt;
    this.#mostMilliseconds = timing.mostMilliseconds;
    const factory = new ExponentialBackoff({
      initialDelay: timing.firstMilliseconds,
      maxDelay: timing.mostMilliseconds,
    });
    this.#first = () => factory.next();
  }

  /** Tries the key again later: later than the last time, unless `settle` came between. */
  schedule(key: string): void {
    if (this.#isClosed) return;
    const before = this.#pending.get(key);
    if (before !== undefined) clearTimeout(before.timer);
    const backoff = before === undefined ? this.#first() : before.backoff.next(undefined);
    const timer = setTimeout(() => this.#attempt(key), backoff.duration);
    this.#pending.set(key, { backoff, timer });
  }

  /** Nothing is left to try for the key. */
  settle(key: string): void {
    const before = this.#pending.get(key);
    if (before !== undefined) clearTimeout(before.timer);
    this.#pending.delete(key);
  }

  /**
   * Tries everything that waits within a moment, spread so that it does not come as one wave. At most once in the longest
   * wait: a service that comes and goes would be stormed otherwise, and what waits comes up by itself in that time.
   */
  hasten(withinMilliseconds = 200): void {
    const now = performance.now();
    if (this.#pending.size === 0 || now - this.#hastenedAt < this.#mostMilliseconds) return;
    this.#hastenedAt = now;
    for (const [key, { backoff, timer }] of this.#pending) {
      clearTimeout(timer);
      const soon = setTimeout(() => this.#attempt(key), Math.random() * withinMilliseconds);
      this.#pending.set(key, { backoff, timer: soon });
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
  }
}
