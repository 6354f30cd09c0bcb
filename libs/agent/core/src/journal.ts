import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { VnicKey } from '@patchpanel/contract-agent';
import type { ProviderLogger } from '@patchpanel/provider';
import { ZodError } from 'zod';
import { isTombstone, keyText, wiringRecord, type WiringRecord } from './record.ts';

/** How long the fence of something removed is remembered: far longer than any request can be under way. */
const tombstoneMilliseconds = 24 * 60 * 60 * 1000;

/** How long it is remembered at least, when there is no room for more: still longer than any request can be under way. */
const hurriedTombstoneMilliseconds = 15 * 60 * 1000;

export interface JournalOptions {
  readonly now?: () => Date;
  /** How many vNICs are remembered; those that were removed count for as long as their fences do. Default 20,000. */
  readonly mostRecords?: number;
}

/** There is no room for one more vNIC. */
export class JournalFullError extends Error {
  override readonly name = 'JournalFullError';

  constructor(mostRecords: number) {
    super(
      `This host remembers as many vNICs as it can (${mostRecords}). ` +
        'What was removed is forgotten after a quarter of an hour.',
    );
  }
}

/**
 * What the agent must not forget: one JSON file per vNIC. A file is replaced whole, and a write is done only when file
 * and folder have reached the disk (`fsync`, see rename(2)), so that a crash at any moment leaves the old record or the new one.
 * The folder belongs to one process.
 */
export class Journal {
  readonly #folder: string;
  readonly #records: Map<string, WiringRecord>;
  readonly #now: () => Date;
  readonly #mostRecords: number;
  /** Keys for which there is to be a record soon. */
  readonly #expected = new Set<string>();
  /** Keys whose files are being written. */
  readonly #written = new Set<string>();

  private constructor(folder: string, records: Map<string, WiringRecord>, options: JournalOptions) {
    this.#folder = folder;
    this.#records = records;
    this.#now = options.now ?? (() => new Date());
    this.#mostRecords = options.mostRecords ?? 20_000;
  }

  /**
   * Reads the folder, making it where it is missing. What a crash left half written is thrown away. A file that is no
   * record is put aside (`.unreadable`) and reported: its vNIC is then treated as one that was never heard of. Throws when
   * a file can't be read.
   */
  static open(folder: string, logger: ProviderLogger, options: JournalOptions = {}): Journal {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const records = new Map<string, WiringRecord>();
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (name.endsWith('.new')) rmSync(path, { force: true });
      if (!name.endsWith('.json')) continue;
      const record = readRecord(path, logger);
      if (record === undefined) renameSync(path, `${path}.unreadable`);
      else records.set(keyText(record), record);
    }
    return new Journal(folder, records, options);
  }

  get(key: VnicKey): WiringRecord | undefined {
    return this.#records.get(keyText(key));
  }

  /** The record by the text of its key. */
  find(key: string): WiringRecord | undefined {
    return this.#records.get(key);
  }

  /** All records, ordered by project and vNIC. */
  all(): WiringRecord[] {
    return [...this.#records.entries()]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, record]) => record);
  }

  /**
   * Does work that may put a record of this vNIC, once there is room for it. Whoever asks is not to fill the disk: throws
   * `JournalFullError` for a vNIC that nothing is known of when no fence is old enough to be forgotten.
   */
  async withRoom<Result>(key: VnicKey, work: () => Promise<Result>): Promise<Result> {
    const name = keyText(key);
    if (this.#records.has(name)) return work();
    if (this.#isFull()) this.#forgetFencesOlderThan(hurriedTombstoneMilliseconds);
    if (this.#isFull()) throw new JournalFullError(this.#mostRecords);
    this.#expected.add(name);
    try {
      return await work();
    } finally {
      this.#expected.delete(name);
    }
  }

  #isFull(): boolean {
    return this.#records.size + this.#expected.size >= this.#mostRecords;
  }

  /**
   * Replaces the vNIC's record; resolves when it can't be lost any more. Without `isDurable` a power cut may bring the
   * record before it back: for what would be found out again. A record that says nothing new is not written.
   */
  async put(record: WiringRecord, { isDurable = true }: { isDurable?: boolean } = {}): Promise<void> {
    const name = keyText(record);
    const known = this.#records.get(name);
    if (known !== undefined && textOf({ ...record, changedAt: known.changedAt }) === textOf(known)) return;
    const changed = { ...record, changedAt: this.#now().toISOString() };
    const path = this.#pathOf(record);
    this.#written.add(name);
    try {
      await writeWhole(`${path}.new`, textOf(changed));
      await rename(`${path}.new`, path);
      if (isDurable) await syncFolder(this.#folder);
      this.#records.set(name, changed);
      this.#expected.delete(name);
    } finally {
      this.#written.delete(name);
    }
  }

  /** Forgets the fences of what was removed long ago. */
  forgetOldFences(): void {
    this.#forgetFencesOlderThan(tombstoneMilliseconds);
  }

  /** At one go: in between, a vNIC could be asked for again. */
  #forgetFencesOlderThan(milliseconds: number): void {
    const limit = this.#now().getTime() - milliseconds;
    for (const [name, record] of this.#records) {
      if (!isTombstone(record) || Date.parse(record.changedAt) >= limit || this.#written.has(name)) continue;
      rmSync(this.#pathOf(record), { force: true });
      this.#records.delete(name);
    }
  }

  /** Ids come from outside: the name of the file is made of their hash, so that no id can name another file. */
  #pathOf(key: VnicKey): string {
    const name = createHash('sha256').update(keyText(key)).digest('hex').slice(0, 40);
    return join(this.#folder, `${name}.json`);
  }
}

function textOf(record: WiringRecord): string {
  return JSON.stringify(record, undefined, 1);
}

/** Throws what the disk fails with: to go on without a record that is there would be to forget its fence. */
function readRecord(path: string, logger: ProviderLogger): WiringRecord | undefined {
  const text = readFileSync(path, 'utf8');
  try {
    return wiringRecord.parse(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof ZodError)) throw error;
    logger.error({ path, err: error }, 'a record of the journal is unreadable and was put aside');
    return undefined;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    // Before the renaming in any case: on some file systems a name may reach the disk before its content.
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
