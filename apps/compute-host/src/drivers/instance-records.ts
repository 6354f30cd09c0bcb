import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ZodType } from 'zod';

/**
 * One JSON file per instance in a folder: what a driver must still know after a crash.
 *
 * Writes are atomic (a temporary file, then a rename), so a reader sees the record of before or of after. They are not
 * flushed to disk: a power cut ends the machines too, and a record that it tore is set aside when it is read.
 */
export class InstanceRecords<Stored extends { readonly instanceId: string }> {
  readonly #folder: string;
  readonly #schema: ZodType<Stored>;
  readonly #onUnreadable: (file: string, cause: unknown) => void;
  #writes = 0;

  private constructor(
    folder: string,
    schema: ZodType<Stored>,
    onUnreadable: (file: string, cause: unknown) => void,
  ) {
    this.#folder = folder;
    this.#schema = schema;
    this.#onUnreadable = onUnreadable;
  }

  /**
   * Opens the folder, making it if need be, and clears what an interrupted write left.
   * @param onUnreadable is told of each file that holds no valid record; it has been renamed to `<file>.unreadable`.
   */
  static async open<Stored extends { readonly instanceId: string }>(
    folder: string,
    schema: ZodType<Stored>,
    onUnreadable: (file: string, cause: unknown) => void,
  ): Promise<InstanceRecords<Stored>> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const names = await readdir(folder);
    await Promise.all(
      names.filter((name) => name.endsWith('.tmp')).map((name) => rm(join(folder, name), { force: true })),
    );
    return new InstanceRecords(folder, schema, onUnreadable);
  }

  /** The file that holds this instance's record, or, with another suffix, what lies beside it. */
  path(instanceId: string, suffix = '.json'): string {
    return join(this.#folder, `${instanceId}${suffix}`);
  }

  async read(instanceId: string): Promise<Stored | undefined> {
    const file = this.path(instanceId);
    const text = await readIfPresent(file);
    if (text === undefined) return undefined;
    const record = this.#parse(text, instanceId);
    if ('stored' in record) return record.stored;
    await rename(file, `${file}.unreadable`);
    this.#onUnreadable(file, record.cause);
    return undefined;
  }

  async readAll(): Promise<Stored[]> {
    const records: Stored[] = [];
    for (const name of await readdir(this.#folder)) {
      if (!name.endsWith('.json')) continue;
      const record = await this.read(name.slice(0, -'.json'.length));
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  async write(record: Stored): Promise<void> {
    const file = this.path(record.instanceId);
    this.#writes += 1;
    const temporary = `${file}.${process.pid}.${this.#writes}.tmp`;
    await writeFile(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    await rename(temporary, file);
  }

  async remove(instanceId: string): Promise<void> {
    await rm(this.path(instanceId), { force: true });
  }

  #parse(text: string, instanceId: string): { readonly stored: Stored } | { readonly cause: unknown } {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (cause) {
      return { cause };
    }
    const parsed = this.#schema.safeParse(json);
    if (!parsed.success) return { cause: parsed.error };
    if (parsed.data.instanceId !== instanceId)
      return { cause: new Error('the record is of another instance') };
    return { stored: parsed.data };
  }
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}
