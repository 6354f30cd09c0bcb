import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const fence = { epoch: z.number(), generation: z.number(), placement: z.number() };

const simulatedWiring = z.object({
  identity: z.object({
    projectId: z.string(),
    vnicId: z.string(),
    portId: z.string(),
    networkId: z.string(),
    ...fence,
  }),
  device: z.string(),
  macAddress: z.string(),
  adminState: z.enum(['up', 'down']),
  mtu: z.number(),
  addresses: z.array(z.string()),
  gateways: z.array(z.string()),
});

/** What this provider has instead of a kernel: one record per vNIC. */
export type SimulatedWiring = z.infer<typeof simulatedWiring>;

/** The records of one agent instance: in memory, and each in a file of its own, so that they survive a restart. */
export interface SimulatedState {
  get(vnicId: string): SimulatedWiring | undefined;
  all(): readonly SimulatedWiring[];
  put(wiring: SimulatedWiring): void;
  delete(vnicId: string): void;
}

/** Opens the folder and reads what an earlier run left there. */
export function openState(folder: string): SimulatedState {
  mkdirSync(folder, { recursive: true });
  const wirings = new Map<string, SimulatedWiring>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const wiring = simulatedWiring.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    wirings.set(wiring.identity.vnicId, wiring);
  }
  const fileOf = (vnicId: string) => join(folder, `${z.uuid().parse(vnicId)}.json`);
  return {
    get: (vnicId) => wirings.get(vnicId),
    all: () => [...wirings.values()],
    put: (wiring) => {
      const file = fileOf(wiring.identity.vnicId);
      writeFileSync(`${file}.new`, JSON.stringify(wiring));
      renameSync(`${file}.new`, file);
      wirings.set(wiring.identity.vnicId, wiring);
    },
    delete: (vnicId) => {
      rmSync(fileOf(vnicId), { force: true });
      wirings.delete(vnicId);
    },
  };
}
