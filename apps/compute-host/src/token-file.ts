import { readFile, stat } from 'node:fs/promises';

/** The token in a file, read again when the file changes, so that tokens can be renewed under a running process. */
export class TokenFile {
  readonly #path: string;
  #known: { readonly version: string; readonly token: string } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws when the file can't be read or is empty */
  async read(): Promise<string> {
    const { ino, size, mtimeNs } = await stat(this.#path, { bigint: true });
    const version = `${ino}/${size}/${mtimeNs}`;
    if (this.#known?.version === version) return this.#known.token;
    const token = (await readFile(this.#path, 'utf8')).trim();
    if (token === '') throw new Error(`there is no token in ${this.#path}`);
    this.#known = { version, token };
    return token;
  }
}
