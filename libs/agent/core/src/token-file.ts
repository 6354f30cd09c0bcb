import { open } from 'node:fs/promises';

/** The token file can't be used. The message says why and what to do, and never holds the token. */
export class TokenFileError extends Error {
  override readonly name = 'TokenFileError';
}

/**
 * The file with the agent's access token for the network service. It is read again whenever it was changed, so that a new
 * token needs no restart. A file that others than this process's user may read is refused: the token would not be ours alone.
 */
export class TokenFile {
  readonly #path: string;
  #read: { readonly version: string; readonly token: string } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The token as the file holds it now. Throws `TokenFileError`. */
  async token(): Promise<string> {
    const file = await this.#open();
    try {
      const { mode, uid, ino, size, mtimeNs } = await file.stat({ bigint: true });
      const permissions = Number(mode) & 0o777;
      if ((permissions & 0o077) !== 0) {
        throw new TokenFileError(
          `The token file ${this.#path} has mode ${permissions.toString(8).padStart(4, '0')}: others than its owner can read it. ` +
            `Give the agent a new token, and: chmod 600 ${this.#path}`,
        );
      }
      const version = `${ino}/${size}/${mtimeNs}`;
      if (this.#read?.version === version) return this.#read.token;
      const token = (await file.readFile('utf8')).trim();
      if (!/^[A-Za-z0-9._~+/=-]+$/.test(token)) {
        throw new TokenFileError(`The token file ${this.#path} (of user ${uid}) holds no token.`);
      }
      this.#read = { version, token };
      return token;
    } finally {
      await file.close();
    }
  }

  async #open() {
    try {
      return await open(this.#path, 'r');
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
      throw new TokenFileError(`The token file ${this.#path} can't be opened (${code}).`, { cause });
    }
  }
}
