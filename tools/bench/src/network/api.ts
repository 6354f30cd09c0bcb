import { Connection, requestText, type Answer } from '../load/connection.ts';
import { describeFailure } from '../load/closed-loop.ts';

/** A network with one subnet. */
export interface MadeNetwork {
  readonly networkId: string;
  readonly subnetId: string;
}

const mostPortsAtOnce = 1000;

/** The service, called to prepare what is measured. Everything that is not a success throws. */
export class Api {
  readonly url: string;
  readonly token: string;
  #connection: Connection | undefined;

  constructor(url: string, token: string) {
    this.url = url;
    this.token = token;
  }

  /** Sends one request and gives the answer, whatever it is. */
  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const connection = this.#connection?.isOpen ? this.#connection : await Connection.open(this.url);
    this.#connection = connection;
    return connection.send(requestText({ method, path, token: this.token }, body));
  }

  /** Sends one request that must succeed, and gives the answer's body. */
  async call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.send(method, path, body);
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${path}: ${describeFailure(answer)}: ${answer.body.toString()}`);
    const given: unknown = answer.body.length === 0 ? {} : JSON.parse(answer.body.toString());
    if (typeof given !== 'object' || given === null) throw new Error(`${method} ${path} gave no object`);
    return { ...given };
  }

  async makeNetwork(cidr: string, input: object = {}): Promise<MadeNetwork> {
    const networkId = idOf(await this.call('POST', '/v1/networks', { name: 'bench', ...input }));
    const subnetId = idOf(await this.call('POST', `/v1/networks/${networkId}/subnets`, { cidr }));
    return { networkId, subnetId };
  }

  /** Makes so many ports with an address each, and gives their ids. */
  async makePorts(networkId: string, count: number): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) {
      const size = Math.min(mostPortsAtOnce, count - ids.length);
      const ports = Array.from({ length: size }, () => ({}));
      const { items } = await this.call('POST', `/v1/networks/${networkId}/ports/bulk`, { ports });
      if (!Array.isArray(items) || items.length !== size)
        throw new Error(`asked for ${size} ports, got others`);
      ids.push(...items.map(idOf));
    }
    return ids;
  }

  /** How many addresses of a subnet are free now. */
  async freeAddresses(subnetId: string): Promise<number> {
    const { free } = await this.call('GET', `/v1/subnets/${subnetId}/usage`);
    const count = Number(free);
    if (!Number.isSafeInteger(count))
      throw new Error(`subnet ${subnetId} has ${String(free)} free addresses`);
    return count;
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

/** The id of a resource in an answer. */
export function idOf(resource: unknown): string {
  if (
    typeof resource === 'object' &&
    resource !== null &&
    'id' in resource &&
    typeof resource.id === 'string'
  )
    return resource.id;
  throw new Error(`no resource with an id: ${JSON.stringify(resource)?.slice(0, 200)}`);
}
