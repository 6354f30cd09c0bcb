/**
 * Order of work: one thing at a time per key, in the order of asking, different keys side by side; and work that must be
 * alone, for which everything asked before is finished and everything asked after waits.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();
  #alone: Promise<unknown> = Promise.resolve();

  /** Runs the work when all earlier work for the key is done, whether well or not. */
  take<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = Promise.allSettled([this.#last.get(key), this.#alone]);
    const mine = before.then(work);
    this.#last.set(key, mine);
    const forget = () => {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    };
    mine.then(forget, forget);
    return mine;
  }

  /** Runs the work when everything asked before is done; what is asked meanwhile waits for it. */
  takeAlone<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = Promise.allSettled([...this.#last.values(), this.#alone]);
    const mine = before.then(work);
    this.#alone = mine.catch(() => undefined); // its own caller gets the failure
    return mine;
  }

  /** Resolves when everything asked so far is done. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#last.values(), this.#alone]);
  }
}

/** Lets at most so many pieces of work run at once; the rest wait in order. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
