import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isProblem, type Patchpanel, PatchpanelError } from '@patchpanel/sdk';

const kinds = ['networks', 'subnets', 'ports', 'vnics', 'instances'] as const;
type Kind = (typeof kinds)[number];

/**
 * Remembers what the story has made, in a file, so that it can be removed again in the right order: at the end, or by
 * the next run when this one is killed.
 */
export class Made {
  readonly #file: string;
  readonly #ids: Record<Kind, string[]> = { networks: [], subnets: [], ports: [], vnics: [], instances: [] };

  /** What a file remembers; nothing when there is none. */
  constructor(file: string) {
    this.#file = file;
    if (!existsSync(file)) return;
    const known = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<Kind, string[]>>;
    for (const kind of kinds) this.#ids[kind].push(...(known[kind] ?? []));
  }

  get isEmpty(): boolean {
    return kinds.every((kind) => this.#ids[kind].length === 0);
  }

  /** Remembers something, and gives it back. */
  note<Thing extends { readonly id: string }>(kind: Kind, thing: Thing): Thing {
    this.#ids[kind].push(thing.id);
    writeFileSync(this.#file, JSON.stringify(this.#ids));
    return thing;
  }

  /** Removes everything through the API, newest kind first. What must be left is named in the answer. */
  async remove({ network, compute }: Patchpanel): Promise<string[]> {
    const { networks, subnets, ports, vnics, instances } = this.#ids;
    const left: string[] = [];
    const each = async (what: string, ids: readonly string[], remove: (id: string) => Promise<void>) => {
      for (const id of ids) {
        await remove(id).catch((error: unknown) => {
          if (isProblem(error) && error.status === 404) return; // never there, or gone already
          left.push(`${what} (${error instanceof PatchpanelError ? error.code : String(error)})`);
        });
      }
    };
    await each('an instance', instances, (id) => compute.instances.delete(id));
    await each('an instance', instances, (id) => compute.instances.waitUntilGone(id, { timeoutMs: 15_000 }));
    await each('an attachment', ports, (id) => network.attachments.unplug(id));
    await each('a vNIC', vnics, (id) => compute.vnics.delete(id));
    await each('a port', ports, (id) => network.ports.delete(id));
    await each('a subnet', subnets, (id) => network.subnets.delete(id));
    await each('a network', networks, (id) => network.networks.delete(id));
    for (const kind of kinds) this.#ids[kind] = [];
    rmSync(this.#file, { force: true });
    return left;
  }
}
