import { ExponentialBackoff, type IBackoff } from 'cockatiel';

export interface BackoffOptions {
  readonly initialMs: number;
  readonly mostMs: number;
}

/** Growing waits with (decorrelated) jitter, so that hosts which lost the same service do not return to it in step. */
export class Backoff {
  readonly #options: BackoffOptions;
  #step: IBackoff<unknown> | undefined;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** How long to wait before the next attempt, in milliseconds. */
  nextMs(): number {
    this.#step =
      this.#step?.next(undefined) ??
      new ExponentialBackoff({
        initialDelay: this.#options.initialMs,
        maxDelay: this.#options.mostMs,
      }).next();
    return this.#step.duration;
  }

  /** To be called when an attempt succeeded. */
  reset(): void {
    this.#step = undefined;
  }

  /** Whether an attempt failed since the last success. */
  get isUnderWay(): boolean {
    return this.#step !== undefined;
  }
}
