import { chmodSync, chownSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { v7 as newUuid } from 'uuid';
import type { Places } from '../places.ts';
import type { Users } from '../processes/users.ts';
import { SigningKey } from './signing-key.ts';

/** Who the user is, and what lets them in. */
export interface UserIdentity {
  readonly projectId: string;
  readonly networkToken: string;
  readonly computeToken: string;
}

const day = 24 * 60 * 60;

/** Issues the tokens of one Patchpanel: two for the user, one each for agent and host. */
export class TokenOffice {
  readonly #places: Places;
  readonly #users: Users | undefined;
  readonly #key: SigningKey;
  readonly #hostName: string;

  private constructor(places: Places, users: Users | undefined, key: SigningKey, hostName: string) {
    this.#places = places;
    this.#users = users;
    this.#key = key;
    this.#hostName = hostName;
  }

  /** Opens the key in the state folder and publishes its public half. */
  static async open(places: Places, users: Users | undefined, hostName: string): Promise<TokenOffice> {
    const key = await SigningKey.open(places.identity);
    writeWhole(places.jwksFile, JSON.stringify(key.publicKeys()), 0o644);
    return new TokenOffice(places, users, key, hostName);
  }

  /** Writes the token files of agent and host: each readable by that process's user alone. */
  async writeServiceTokens(): Promise<void> {
    const service = { lifetimeSeconds: day };
    const agent = await this.#key.sign({
      ...service,
      audience: 'network',
      subject: `network-agent@${this.#hostName}`,
      claims: { scope: 'network:agent', host: this.#hostName },
    });
    const host = await this.#key.sign({
      ...service,
      audience: 'compute',
      subject: `compute-host@${this.#hostName}`,
      claims: { scope: 'compute:host', host: this.#hostName },
    });
    writeWhole(this.#places.tokenOf('network-agent'), agent, 0o600, this.#users?.['network-agent']);
    writeWhole(this.#places.tokenOf('compute-host'), host, 0o600, this.#users?.['compute-host']);
  }

  /** Tokens for a person: the same project each time. */
  async issueUserTokens(subject = 'you', projectId = this.#project()): Promise<UserIdentity> {
    const user = { subject, lifetimeSeconds: 7 * day, claims: { project: projectId, roles: ['admin'] } };
    return {
      projectId,
      networkToken: await this.#key.sign({ ...user, audience: 'network' }),
      computeToken: await this.#key.sign({ ...user, audience: 'compute' }),
    };
  }

  #project(): string {
    const file = join(this.#places.identity, 'project');
    if (!existsSync(file)) writeFileSync(file, newUuid(), { mode: 0o600 });
    return readFileSync(file, 'utf8').trim();
  }
}

/** Replaces a file in one step: a reader sees the old one or the new one, with its mode and owner. */
function writeWhole(file: string, text: string, mode: number, uid?: number): void {
  const draft = `${file}.new`;
  writeFileSync(draft, text, { mode });
  chmodSync(draft, mode);
  if (uid !== undefined) chownSync(draft, uid, uid);
  renameSync(draft, file);
}
