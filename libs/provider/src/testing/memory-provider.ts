import { ProviderError, refuseOlder } from '../errors.ts';
import { compareFences } from '../fence.ts';
import { identityOf, isSameWiring, type DesiredWiring, type HostProvider } from '../host.ts';
import type { HostSubject } from '../conformance/host-cases.ts';

/** Ways in which a host half can be wrong. */
export interface Faults {
  readonly ignoresFences?: boolean;
  readonly seesNoDamage?: boolean;
  readonly removesInDryRun?: boolean;
  readonly failsOnWhatIsGone?: boolean;
}

/** A host half that wires nothing but a map: right by default, wrong as asked. */
export function createMemoryProvider(wired: Map<string, DesiredWiring>, faults: Faults = {}): HostProvider {
  return {
    name: 'memory',
    spi: { min: 1, max: 1 },
    probe: async () => [],
    ensure: async (wiring, signal) => {
      signal.throwIfAborted();
      if (wiring.wiring.version !== 1) throw new ProviderError('wiring-invalid', 'only version 1 is known');
      const there = wired.get(wiring.attachment.vnicId);
      if (there !== undefined && faults.ignoresFences !== true)
        refuseOlder(wiring.attachment, there.attachment);
      wired.set(wiring.attachment.vnicId, wiring);
      const { macAddress, fixedIps } = wiring.attachment;
      const addresses = fixedIps.map(({ ipAddress, prefixLength }) => `${ipAddress}/${prefixLength}`);
      return { identity: identityOf(wiring.attachment), macAddress, addresses, details: {} };
    },
    remove: async (identity) => {
      const there = wired.get(identity.vnicId);
      if (there === undefined && faults.failsOnWhatIsGone === true)
        throw new ProviderError('command-failed', 'not there');
      if (there === undefined) return;
      if (faults.ignoresFences === true || compareFences(identity, there.attachment) >= 0)
        wired.delete(identity.vnicId);
    },
    check: async (wiring) => {
      const there = wired.get(wiring.attachment.vnicId);
      if (there !== undefined && faults.seesNoDamage === true) return [];
      const desired = JSON.stringify(wiring);
      const actual = there === undefined ? 'nothing' : JSON.stringify(there);
      return desired === actual ? [] : [{ object: 'wiring', field: 'content', desired, actual }];
    },
    list: async () => [...wired.values()].map(({ attachment }) => identityOf(attachment)),
    gc: async (validSet, { dryRun }) => {
      const left = [...wired.values()].filter(
        ({ attachment }) => !validSet.some((valid) => isSameWiring(valid, attachment)),
      );
      if (!dryRun || faults.removesInDryRun === true)
        left.forEach(({ attachment }) => wired.delete(attachment.vnicId));
      return left.map(({ attachment }) => ({
        kind: 'wiring',
        name: attachment.vnicId,
        identity: identityOf(attachment),
      }));
    },
    status: async () => ({
      wirings: [...wired.values()].map(({ attachment }) => ({
        identity: identityOf(attachment),
        droppedFrames: {},
      })),
      warnings: [],
    }),
  };
}

/** A subject for the conformance kit around such a provider. */
export function memorySubject(faults: Faults = {}): HostSubject {
  const wired = new Map<string, DesiredWiring>();
  return {
    provider: createMemoryProvider(wired, faults),
    wirings: [sampleWiring(1), sampleWiring(2)],
    damages: [
      {
        name: 'a lost MAC address',
        inflict: async ({ attachment }) => {
          const there = wired.get(attachment.vnicId);
          if (there === undefined) return;
          wired.set(attachment.vnicId, { ...there, attachment: { ...attachment, macAddress: '' } });
        },
      },
    ],
    restart: async () => createMemoryProvider(wired, faults),
    dispose: async () => wired.clear(),
  };
}

/** The nth vNIC of one network, without a device. */
export function sampleWiring(index: number): DesiredWiring {
  const id = (kind: number) =>
    `01930000-0000-7000-8000-${kind.toString(16)}${index.toString(16).padStart(11, '0')}`;
  return {
    attachment: {
      projectId: '01930000-0000-7000-8000-a00000000000',
      networkId: '01930000-0000-7000-8000-b00000000000',
      vnicId: id(1),
      portId: id(2),
      epoch: 1,
      generation: 1,
      placement: 1,
      macAddress: `02:00:00:00:00:${index.toString(16).padStart(2, '0')}`,
      adminState: 'up',
      fixedIps: [
        { ipAddress: `192.0.2.${index}`, prefixLength: 24 },
        { ipAddress: `2001:db8::${index.toString(16)}`, prefixLength: 64 },
      ],
    },
    wiring: { version: 1, document: {} },
    device: { kind: 'none' },
  };
}
