import { randomUUID } from 'node:crypto';
import type { Workload } from '../load/closed-loop.ts';
import type { Stage } from './stage.ts';

/** One line of the table. */
export interface Operation {
  readonly name: string;
  /** What the rate counts, and how many of them and of requests there are in a step. */
  readonly unit: string;
  readonly unitsPerStep: number;
  readonly requestsPerStep: number;
  /** Which floor it stands beside. */
  readonly floor: 'floor POST' | 'floor GET';
  /** Makes what so many clients need for so many steps together, and says what each then does. */
  prepare(stage: Stage, demand: Demand): Promise<Workload>;
}

export interface Demand {
  readonly clients: number;
  readonly steps: number;
}

/** Large enough for whatever is made in one row; its size costs nothing. */
const largeCidr = '10.0.0.0/8';
const bulkSize = 100;
const readPorts = 1000;

const one = { unit: 'requests', unitsPerStep: 1, requestsPerStep: 1 } as const;

/** Everything that the table holds, in its order. */
export const operations: readonly Operation[] = [
  {
    ...one,
    name: 'createPort',
    floor: 'floor POST',
    async prepare({ api, request }) {
      const { networkId } = await api.makeNetwork(largeCidr);
      return repeat(request('POST', `/v1/networks/${networkId}/ports`, { name: 'web-1' }));
    },
  },
  {
    name: 'createPorts',
    unit: 'ports',
    unitsPerStep: bulkSize,
    requestsPerStep: 1,
    floor: 'floor POST',
    async prepare({ api, request }) {
      const { networkId } = await api.makeNetwork(largeCidr);
      const ports = Array.from({ length: bulkSize }, (_, index) => ({ name: `web-${index}` }));
      return repeat(request('POST', `/v1/networks/${networkId}/ports/bulk`, { ports }));
    },
  },
  {
    ...one,
    name: 'getPort',
    floor: 'floor GET',
    async prepare({ api, request }) {
      const { networkId } = await api.makeNetwork(largeCidr);
      const ids = await api.makePorts(networkId, readPorts);
      return rotate(ids.map((id) => request('GET', `/v1/ports/${id}`)));
    },
  },
  {
    ...one,
    name: 'listPorts of 100',
    floor: 'floor GET',
    async prepare({ api, request }) {
      const { networkId } = await api.makeNetwork(largeCidr);
      await api.makePorts(networkId, readPorts);
      return repeat(request('GET', `/v1/ports?networkId=${networkId}&limit=100`));
    },
  },
  {
    name: 'unplug+plug',
    unit: 'pairs',
    unitsPerStep: 1,
    requestsPerStep: 2,
    floor: 'floor POST',
    async prepare({ api, request }, { clients }) {
      const { networkId } = await api.makeNetwork(largeCidr);
      const ids = await api.makePorts(networkId, clients);
      const pairs = ids.map((id, index) => ({
        unplug: request('DELETE', `/v1/ports/${id}/attachment`),
        plug: request('PUT', `/v1/ports/${id}/attachment`, newVnic(index)),
      }));
      for (const [index, id] of ids.entries())
        await api.call('PUT', `/v1/ports/${id}/attachment`, newVnic(index));
      // Each client has a port and a card of its own; the card of the first plug makes way for another.
      return {
        async step(client, send) {
          const pair = pairs[client];
          if (!pair) return false;
          await send(pair.unplug);
          await send(pair.plug);
          return true;
        },
      };
    },
  },
  {
    ...one,
    name: 'deletePort',
    floor: 'floor POST',
    async prepare({ api, request }, { steps }) {
      const { networkId } = await api.makeNetwork(largeCidr);
      const ids = await api.makePorts(networkId, steps);
      return useUp(ids.length, (index) => request('DELETE', `/v1/ports/${ids[index] ?? ''}`));
    },
  },
  {
    ...one,
    name: 'plugVnicIntoAnyPort',
    floor: 'floor POST',
    async prepare({ api, request }, { steps }) {
      const { networkId } = await api.makeNetwork(largeCidr);
      await api.makePorts(networkId, steps);
      const path = `/v1/networks/${networkId}/attachments`;
      return useUp(steps, (index) => request('POST', path, newVnic(index)));
    },
  },
  {
    ...one,
    name: 'replug',
    floor: 'floor POST',
    async prepare({ api, request }, { clients }) {
      const { networkId } = await api.makeNetwork(largeCidr);
      const ids = await api.makePorts(networkId, 2 * clients);
      for (let client = 0; client < clients; client++)
        await api.call('PUT', `/v1/ports/${ids[2 * client] ?? ''}/attachment`, newVnic(client));
      const replug = (from: number, to: number) =>
        request('POST', `/v1/ports/${ids[from] ?? ''}/attachment/replug`, { toPortId: ids[to] });
      const moves = Array.from({ length: clients }, (_, client) => ({
        there: replug(2 * client, 2 * client + 1),
        back: replug(2 * client + 1, 2 * client),
        isThere: false,
      }));
      // Each client moves a card of its own to and fro between two ports of its own.
      return {
        async step(client, send) {
          const move = moves[client];
          if (!move) return false;
          await send(move.isThere ? move.back : move.there);
          move.isThere = !move.isThere;
          return true;
        },
      };
    },
  },
  {
    ...one,
    name: 'createNetwork',
    floor: 'floor POST',
    prepare: async ({ request }) => repeat(request('POST', '/v1/networks', { name: 'blue' })),
  },
];

/** A card of nobody yet, with a MAC address that no other of the same network has. */
function newVnic(index: number): { vnicId: string; macAddress: string } {
  const tail = index.toString(16).padStart(10, '0').match(/../g) ?? [];
  return { vnicId: randomUUID(), macAddress: ['02', ...tail].join(':') };
}

function repeat(text: string): Workload {
  return { step: (_, send) => send(text) };
}

function rotate(texts: readonly string[]): Workload {
  let next = 0;
  return { step: (_, send) => send(texts[next++ % texts.length] ?? '') };
}

/** Each request once; then nothing is left. */
function useUp(count: number, textOf: (index: number) => string): Workload {
  let next = 0;
  return { step: async (_, send) => (next < count ? send(textOf(next++)) : false) };
}
