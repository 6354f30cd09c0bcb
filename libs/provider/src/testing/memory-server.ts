import { ProviderError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { NetworkLifecycle, NetworkState, PoolDeclaration, ServerProvider } from '../server.ts';
import type { ServerSample, ServerSubject } from '../conformance/server-subject.ts';

/** Ways in which a server half can be wrong. */
export interface ServerFaults {
  /** Its options schema is open. */
  readonly takesAnyOption?: boolean;
  readonly declaresWhatItCannotCarry?: boolean;
  readonly hasAnEmptyPool?: boolean;
  readonly wantsNumbersEarly?: boolean;
  readonly forgetsItsNumbers?: boolean;
  readonly writesToItsInput?: boolean;
  readonly remembersWhatItWasAsked?: boolean;
  readonly refusesWithoutAPlace?: boolean;
  readonly yieldsWhatIsNoJson?: boolean;
}

/** Ways in which a lifecycle can be wrong. */
export interface LifecycleFaults {
  readonly addsUpWhenRepeated?: boolean;
  readonly keepsOldSubnets?: boolean;
  readonly ignoresGenerations?: boolean;
  readonly ignoresEpochs?: boolean;
  readonly failsOnWhatIsGone?: boolean;
  readonly removesEverything?: boolean;
  readonly ignoresItsSignal?: boolean;
  readonly failsInItsOwnWords?: boolean;
  readonly hidesFailures?: boolean;
}

const pool: PoolDeclaration = { name: 'vni', description: 'Names the tunnel.', min: 1, max: 4094 };

/** A server half that carries what it declares, in a document of its own: right by default, wrong as asked. */
export function createMemoryServer(faults: ServerFaults = {}, lifecycle?: NetworkLifecycle): ServerProvider {
  let asked = 0;
  return {
    name: 'memory',
    capabilities: () => ({
      spi: { min: 1, max: 1 },
      ipVersions: [4],
      features: faults.declaresWhatItCannotCarry === true ? ['dhcpv6'] : ['dhcp'],
      defaultMtu: 1450,
      maxMtu: 9000,
      pools: [faults.hasAnEmptyPool === true ? { ...pool, max: 0 } : pool],
      networkOptionsSchema: {
        type: 'object',
        properties: { colour: { type: 'string' } },
        ...(faults.takesAnyOption === true ? {} : { additionalProperties: false }),
      },
    }),
    validateNetwork: (network) => {
      asked++;
      if (faults.writesToItsInput === true) Reflect.defineProperty(network.options, 'seen', { value: true });
      if (faults.wantsNumbersEarly === true && network.allocations['vni'] === undefined) {
        return [{ pointer: '/vni', detail: 'is missing' }];
      }
      if (faults.writesToItsInput === true && !Object.hasOwn(network.options, 'seen')) {
        throw new TypeError('cannot write to the network');
      }
      if (network.options['colour'] !== 'octarine') return [];
      const detail = faults.remembersWhatItWasAsked === true ? `question ${asked}` : 'cannot be seen';
      return [{ pointer: faults.refusesWithoutAPlace === true ? '' : '/options/colour', detail }];
    },
    validateSubnet: () => [],
    validatePort: () => [],
    wiring: ({ network }) => {
      const document: JsonObject =
        faults.forgetsItsNumbers === true ? {} : { vni: network.allocations['vni'] ?? null };
      return { version: 1, document: faults.yieldsWhatIsNoJson === true ? { vni: Number.NaN } : document };
    },
    ...(lifecycle === undefined ? {} : { lifecycle }),
  };
}

/** A subject for the conformance kit around such a provider. */
export function memoryServerSubject(faults: ServerFaults = {}): ServerSubject {
  return {
    provider: createMemoryServer(faults),
    valid: [serverSample(1), serverSample(2, { colour: 'blue' })],
    invalid: [serverSample(3, { colour: 'octarine' })],
  };
}

/** The same with somewhere to realise networks. */
export function memoryEngineSubject(faults: LifecycleFaults = {}): ServerSubject {
  const networks = new Map<string, { state: NetworkState; made: readonly string[] }>();
  let isBroken = false;
  const enter = (signal: AbortSignal) => {
    if (faults.ignoresItsSignal !== true) signal.throwIfAborted();
    if (!isBroken) return true;
    if (faults.hidesFailures === true) return false;
    if (faults.failsInItsOwnWords === true) throw new Error('connect ECONNREFUSED');
    throw new ProviderError('engine-unavailable', 'The engine does not answer.');
  };
  const isOlder = (wanted: NetworkState, there: NetworkState) => {
    const byEpoch = faults.ignoresEpochs === true ? 0 : wanted.epoch - there.epoch;
    const byGeneration = faults.ignoresGenerations === true ? 0 : wanted.generation - there.generation;
    return (byEpoch || byGeneration) < 0;
  };
  const lifecycle: NetworkLifecycle = {
    ensure: async (state, signal) => {
      if (!enter(signal)) return;
      const there = networks.get(state.network.id);
      if (there && isOlder(state, there.state)) return;
      const subnets = state.subnets.map(({ cidr }) => cidr);
      const old = there?.made ?? [];
      const kept = faults.keepsOldSubnets === true ? old : [];
      const made = [...new Set(['network', ...kept, ...subnets])];
      networks.set(state.network.id, {
        state,
        made: faults.addsUpWhenRepeated === true ? [...old, ...made] : made,
      });
    },
    remove: async ({ id }, signal) => {
      if (!enter(signal)) return;
      if (faults.failsOnWhatIsGone === true && !networks.has(id)) {
        throw new ProviderError('engine-refused', 'There is no such network.');
      }
      networks.delete(id);
      if (faults.removesEverything === true) networks.clear();
    },
  };
  return {
    provider: createMemoryServer({}, lifecycle),
    valid: [serverSample(1), serverSample(2)],
    invalid: [],
    engine: {
      networks: async () => [...networks.keys()],
      inspect: async (networkId) => networks.get(networkId)?.made.toSorted(),
      breakDown: async () => void (isBroken = true),
      mend: async () => void (isBroken = false),
    },
  };
}

function serverSample(index: number, options: JsonObject = {}): ServerSample {
  const id = (kind: number) => `01930000-0000-7000-8000-${kind}${String(index).padStart(11, '0')}`;
  const [networkId, subnetId, projectId] = [id(1), id(2), id(3)];
  return {
    network: { id: networkId, projectId, mtu: 1450, adminState: 'up', options, allocations: {} },
    subnet: { id: subnetId, networkId, ipVersion: 4, cidr: '192.0.2.0/24', dnsServers: [], hostRoutes: [] },
    port: {
      id: id(4),
      networkId,
      projectId,
      adminState: 'up',
      fixedIps: [{ subnetId, ipAddress: '192.0.2.1', prefixLength: 24 }],
      allowedAddressPairs: [],
      portSecurity: 'on',
      securityGroupIds: [],
    },
  };
}
