import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  compareFences,
  identityOf,
  isSameWiring,
  ProviderError,
  refuseOlder,
  type DesiredWiring,
  type Difference,
  type HostContext,
  type HostProvider,
  type ObservedWiring,
} from '@patchpanel/provider';
import { openState, type SimulatedWiring } from './state.ts';

/** How a simulation behaves, for tests. */
export interface SimulationOptions {
  /** Time that each `ensure` and `remove` takes. */
  readonly latencyMilliseconds?: number;
  /** Makes `ensure` fail with this text, as a kernel would that refuses. */
  readonly failEnsure?: (wiring: DesiredWiring) => string | undefined;
}

const defaultMtu = 1500;

/** The host half of `simulated`: wires nothing, remembers everything, needs no privilege and takes any device. */
export function createHostProvider(context: HostContext, options: SimulationOptions = {}): HostProvider {
  const state = openState(join(context.stateDir, 'simulated', context.instance));
  const takeTime = (signal: AbortSignal) => {
    signal.throwIfAborted();
    const { latencyMilliseconds = 0 } = options;
    return latencyMilliseconds === 0 ? Promise.resolve() : delay(latencyMilliseconds, undefined, { signal });
  };

  return {
    name: 'simulated',
    spi: { min: 1, max: 1 },
    probe: async () => [],

    ensure: async (wiring, signal) => {
      const wanted = simulate(wiring);
      const refuseWhenFenced = () => {
        const wired = state.get(wanted.identity.vnicId);
        if (wired !== undefined) refuseOlder(wanted.identity, wired.identity);
      };
      refuseWhenFenced();
      await takeTime(signal);
      refuseWhenFenced();
      const failure = options.failEnsure?.(wiring);
      if (failure !== undefined) throw new ProviderError('command-failed', failure);
      state.put(wanted);
      return observe(wanted);
    },

    remove: async (identity, signal) => {
      await takeTime(signal);
      const wired = state.get(identity.vnicId);
      if (wired?.identity.projectId !== identity.projectId) return;
      if (compareFences(identity, wired.identity) >= 0) state.delete(identity.vnicId);
    },

    check: async (wiring) => compare(simulate(wiring), state.get(wiring.attachment.vnicId)),

    list: async () => state.all().map((wiring) => wiring.identity),

    gc: async (validSet, { dryRun }) => {
      const leftovers = state
        .all()
        .filter((wiring) => !validSet.some((valid) => isSameWiring(valid, wiring.identity)));
      if (!dryRun) leftovers.forEach((wiring) => state.delete(wiring.identity.vnicId));
      return leftovers.map(({ identity }) => ({ kind: 'wiring', name: identity.vnicId, identity }));
    },

    status: async () => ({
      wirings: state.all().map(({ identity }) => ({ identity, droppedFrames: {} })),
      warnings: [],
    }),
  };
}

/** What there would be, were there anything. */
function simulate({ attachment, wiring, device }: DesiredWiring): SimulatedWiring {
  if (wiring.version !== 1) {
    throw new ProviderError(
      'wiring-invalid',
      `wiring document version ${wiring.version} is not known, only 1 is`,
    );
  }
  const documentMtu = wiring.document['mtu'];
  return {
    identity: identityOf(attachment),
    device: device.kind === 'namespace' ? `namespace ${device.pid} ${device.interfaceName}` : device.kind,
    macAddress: attachment.macAddress,
    adminState: attachment.adminState,
    mtu: attachment.mtu ?? (typeof documentMtu === 'number' ? documentMtu : defaultMtu),
    addresses: attachment.fixedIps.map(({ ipAddress, prefixLength }) => `${ipAddress}/${prefixLength}`),
    gateways: attachment.fixedIps.flatMap(({ gatewayIp }) => gatewayIp ?? []),
  };
}

function observe(wired: SimulatedWiring): ObservedWiring {
  const { identity, macAddress, mtu, addresses, device } = wired;
  return { identity, macAddress, mtu, addresses, details: { device, gateways: wired.gateways } };
}

function compare(desired: SimulatedWiring, actual: SimulatedWiring | undefined): readonly Difference[] {
  const object = `simulated wiring ${desired.identity.vnicId}`;
  if (actual === undefined) return [{ object, field: 'exists', desired: 'yes', actual: 'no' }];
  const fields = ['identity', 'device', 'macAddress', 'adminState', 'mtu', 'addresses', 'gateways'] as const;
  return fields
    .map((field) => ({
      object,
      field,
      desired: JSON.stringify(desired[field]),
      actual: JSON.stringify(actual[field]),
    }))
    .filter((difference) => difference.desired !== difference.actual);
}
