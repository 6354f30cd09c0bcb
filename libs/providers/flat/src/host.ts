import type { HostContext, HostProvider } from '@patchpanel/provider';
import { readStatus } from './host/counters.ts';
import { tableName } from './host/names.ts';
import { probe, warnings } from './host/probe.ts';
import { listWirings, sweep } from './host/sweep.ts';
import { createTurnstile } from './host/turnstile.ts';
import { checkWiring, ensureWiring, removeWiring } from './host/wire.ts';

/**
 * The host half of `flat`: one Linux bridge per network, a veth into a machine's namespace or a tap per vNIC, nft rules
 * against false senders before the first frame. The kernel is its only state. Changes of the host are made one at a time.
 */
export function createHostProvider(context: HostContext): HostProvider {
  const { instance } = context;
  tableName(instance);
  const changes = createTurnstile();
  return {
    name: 'flat',
    spi: { min: 1, max: 1 },
    probe: () => probe(context),
    ensure: (wiring, signal) => ensureWiring(context, wiring, changes, signal),
    remove: (identity, signal) => changes.pass(() => removeWiring(context, identity, signal)),
    check: (wiring, signal) => checkWiring(context, wiring, signal),
    list: () => listWirings(instance),
    gc: (validSet, options) => changes.pass(() => sweep(instance, validSet, options)),
    status: async () => ({
      wirings: await readStatus(instance, await listWirings(instance)),
      warnings: await warnings(),
    }),
  };
}
