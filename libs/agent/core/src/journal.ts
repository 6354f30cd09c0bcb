import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { VnicKey } from '@patchpanel/contract-agent';
import type { ProviderLogger } from '@patchpanel/provider';
import { ZodError } from 'zod';
import { isTombstone, keyText, wiringRecord, type WiringRecord } from './record.ts';

/** How long the fence of something removed is remembered: far longer than any request can be under way. */
const tombstoneMilliseconds = 24 * 60 * 60 * 1000;

/**
 * What the agent must not forget: one JSON file per vNIC. A file is replaced whole, and a write is done only when file
 * and folder have reached the disk (`fsync`, see rename(2)), so that a crash at any moment leaves the old record or the new one.
 * The folder belongs to one process.
 */
export class Journal {
  readonly #folder: string;
  readonly #records: Map<string, WiringRecord>;
  readonly #now: () => Date;

  private constructor(folder: string, records: Map<string, WiringRecord>, now: () => Date) {
    this.#folder = folder;
    this.#records = records;
    this.#now = now;
  }

  /**
   * Reads the folder, making it where it is missing. What a crash left half written is thrown away. A file that is no
   * record is put aside (`.unreadable`) and reported: its vNIC is then treated as one that was never heard of. Throws when
   * a file can't be read.
   */
  static open(folder: string, logger: ProviderLogger, now: () => Date = () => new Date()): Journal {
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
    return new Journal(folder, records, now);
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
   * Replaces the vNIC's record; resolves when it can't be lost any more. Without `isDurable` a power cut may bring the
   * record before it back: for what would be found out again. A record that says nothing new is not written.
   */
  async put(record: WiringRecord, { isDurable = true }: { isDurable?: boolean } = {}): Promise<void> {
    const known = this.#records.get(keyText(record));
    if (known !== undefined && textOf({ ...record, changedAt: known.changedAt }) === textOf(known)) return;
    const changed = { ...record, changedAt: this.#now().toISOString() };
    const path = this.#pathOf(record);
    await writeWhole(`${path}.new`, textOf(changed));
    await rename(`${path}.new`, path);
    if (isDurable) await syncFolder(this.#folder);
    this.#records.set(keyText(record), changed);
  }

  /** Forgets the fences of what was removed long ago. */
  async forgetOldFences(): Promise<void> {
    const limit = this.#now().getTime() - tombstoneMilliseconds;
    for (const record of this.#records.values()) {
      if (isTombstone(record) && Date.parse(record.changedAt) < limit) await this.#forget(record);
    }
  }

  async #forget(record: WiringRecord): Promise<void> {
    await rm(this.#pathOf(record), { force: true });
    this.#records.delete(keyText(record));
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
