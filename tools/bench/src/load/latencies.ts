/** Times of single steps, in milliseconds. Every one is kept: percentiles are exact. */
export class Latencies {
  #values = new Float64Array(1024);
  #count = 0;
  #isSorted = true;

  add(milliseconds: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#count * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = milliseconds;
    this.#isSorted = false;
  }

  get count(): number {
    return this.#count;
  }

  /** The smallest value that at least this share (0 to 1) of all values does not exceed; undefined when there are none. */
  percentile(share: number): number | undefined {
    if (!this.#isSorted) this.#values.subarray(0, this.#count).sort();
    this.#isSorted = true;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    return this.#count === 0 ? undefined : this.#values[rank - 1];
  }
}
