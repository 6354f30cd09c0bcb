import { Quotas, type QuotaResource, type Usage } from './quotas.ts';
import { SubnetState, type SubnetShape } from './subnet.ts';

/** A network as far as its contents are judged. */
export interface NetworkState {
  readonly id: string;
  readonly projectId: string;
  name: string;
  mtu: number;
  revision: number;
  /** Projects that see it beside its own. */
  readonly sharedWith: Set<string>;
}

export interface SecurityGroupState {
  readonly id: string;
  readonly projectId: string;
  readonly isDefault: boolean;
  name: string;
  revision: number;
  /** The rules that were made on their own, by id, as text that tells equal ones. */
  readonly rules: Map<string, { readonly content: string; readonly remoteGroupId: string | undefined }>;
  /** How many of those that it began with are left. */
  firstRules: number;
}

export interface FixedIp {
  readonly subnetId: string;
  readonly ipAddress: string;
}

export interface PortState {
  readonly id: string;
  readonly projectId: string;
  readonly networkId: string;
  readonly securityGroupIds: readonly string[];
  fixedIps: readonly FixedIp[];
  name: string;
  adminState: 'up' | 'down';
  revision: number;
  status: 'available' | 'plugged' | 'building' | 'active' | 'error';
  wasEverBound: boolean;
  vnicId: string | undefined;
}

/** A project's vNIC: what outlives its plugs, and where it is plugged in. */
export interface VnicState {
  readonly projectId: string;
  readonly vnicId: string;
  generation: number;
  placement: number;
  /** The host that was last relieved of a plug by force: that plug it may not have back by the same placement. */
  relieved: { readonly host: string; readonly generation: number; readonly placement: number } | undefined;
  plug: { readonly portId: string; readonly networkId: string; readonly macAddress: string } | undefined;
}

/** What a host has, or may still have, of a vNIC. */
export interface BindingState {
  readonly id: string;
  readonly projectId: string;
  readonly vnicId: string;
  readonly portId: string;
  readonly host: string;
  readonly generation: number;
  placement: number;
  desired: 'present' | 'absent';
  status: 'building' | 'active' | 'error';
  statusReason: string | undefined;
  supersededBy: string | undefined;
  revision: number;
}

/**
 * What the service should hold after the writes so far, kept in memory and changed by one write at a time. It knows nothing of
 * replicas, retries or concurrency: it says what one correct service would do if it did one thing after another.
 */
export class Model {
  readonly networks = new Map<string, NetworkState>();
  readonly subnets = new Map<string, SubnetState>();
  readonly ports = new Map<string, PortState>();
  readonly bindings = new Map<string, BindingState>();
  readonly groups = new Map<string, SecurityGroupState>();
  readonly quotas = new Quotas();
  readonly #vnics = new Map<string, VnicState>();

  /** A network that a project can see: its own, or one that is shared with it. */
  network(projectId: string | undefined, id: string): NetworkState | undefined {
    const network = this.networks.get(id);
    const isSeen = network?.projectId === projectId || network?.sharedWith.has(projectId ?? '') === true;
    return isSeen ? network : undefined;
  }

  /** A subnet of a network that a project can see. */
  subnet(projectId: string | undefined, id: string): SubnetState | undefined {
    const subnet = this.subnets.get(id);
    return subnet && this.network(projectId, subnet.networkId) ? subnet : undefined;
  }

  group(projectId: string | undefined, id: string): SecurityGroupState | undefined {
    return ownedBy(projectId, this.groups.get(id));
  }

  defaultGroup(projectId: string): SecurityGroupState | undefined {
    return [...this.groups.values()].find((group) => group.isDefault && group.projectId === projectId);
  }

  /** How much a project has of what quotas are kept of. */
  usage(projectId: string): Usage {
    const groups = ofProject(this.groups, projectId);
    return {
      networks: ofProject(this.networks, projectId).length,
      subnets: ofProject(this.subnets, projectId).length,
      ports: ofProject(this.ports, projectId).length,
      securityGroups: groups.length,
      securityGroupRules: groups.reduce((sum, { rules, firstRules }) => sum + rules.size + firstRules, 0),
    };
  }

  /** Whether a project may have so many more. */
  hasRoomFor(projectId: string, resource: QuotaResource, count: number): boolean {
    return this.usage(projectId)[resource] + count <= this.quotas.limit(projectId, resource);
  }

  port(projectId: string | undefined, id: string): PortState | undefined {
    return ownedBy(projectId, this.ports.get(id));
  }

  /** Oldest first: ids are in order of their making, as far as it matters to whoever takes an address. */
  subnetsOf(networkId: string): SubnetState[] {
    return [...this.subnets.values()]
      .filter((subnet) => subnet.networkId === networkId)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  portsOf(networkId: string): PortState[] {
    return [...this.ports.values()].filter((port) => port.networkId === networkId);
  }

  vnic(projectId: string, vnicId: string): VnicState {
    const name = `${projectId}/${vnicId}`;
    const known = this.#vnics.get(name);
    if (known) return known;
    const fresh: VnicState = {
      projectId,
      vnicId,
      generation: 0,
      placement: 0,
      relieved: undefined,
      plug: undefined,
    };
    this.#vnics.set(name, fresh);
    return fresh;
  }

  /** Whoever has a MAC address in a network. */
  holderOfMac(networkId: string, macAddress: string): VnicState | undefined {
    return [...this.#vnics.values()].find(
      ({ plug }) => plug?.networkId === networkId && plug.macAddress === macAddress,
    );
  }

  /** The binding that realises a port's attachment now. */
  liveBinding(portId: string): BindingState | undefined {
    return [...this.bindings.values()].find(
      (binding) => binding.portId === portId && binding.desired === 'present',
    );
  }

  /** What a host has of a vNIC and can see. */
  bindingOfVnic(projectId: string, vnicId: string, host: string): BindingState | undefined {
    return [...this.bindings.values()].find(
      (binding) =>
        binding.projectId === projectId &&
        binding.vnicId === vnicId &&
        binding.host === host &&
        binding.supersededBy === undefined,
    );
  }

  addSubnet(shape: SubnetShape): void {
    this.subnets.set(shape.id, new SubnetState(shape));
  }

  addPort(port: PortState): void {
    this.ports.set(port.id, port);
    for (const { subnetId, ipAddress } of port.fixedIps) this.subnets.get(subnetId)?.take(ipAddress, port.id);
  }

  removePort(port: PortState): void {
    this.ports.delete(port.id);
    this.releaseAddresses(port, port.fixedIps);
  }

  /** Addresses that a port no longer has are free at once, unless a host may still have them wired. */
  releaseAddresses(port: PortState, addresses: readonly FixedIp[]): void {
    const isAwaited = [...this.bindings.values()].some(({ portId }) => portId === port.id);
    for (const { subnetId, ipAddress } of addresses) {
      const subnet = this.subnets.get(subnetId);
      if (isAwaited) subnet?.rest(ipAddress, port.id);
      else subnet?.free(ipAddress);
    }
  }

  plug(port: PortState, vnicId: string, macAddress: string): void {
    const vnic = this.vnic(port.projectId, vnicId);
    vnic.generation += 1;
    vnic.plug = { portId: port.id, networkId: port.networkId, macAddress };
    port.vnicId = vnicId;
    port.status = 'plugged';
    port.revision += 1;
  }

  unplug(port: PortState): void {
    if (port.vnicId !== undefined) this.vnic(port.projectId, port.vnicId).plug = undefined;
    const binding = this.liveBinding(port.id);
    if (binding) {
      binding.desired = 'absent';
      binding.revision += 1;
    }
    port.vnicId = undefined;
    port.status = 'available';
    port.revision += 1;
  }

  /** A host has confirmed that nothing is left of these: the addresses of ports that are gone are free. */
  confirmGone(bindings: readonly BindingState[], answeredAt: number): void {
    for (const { id } of bindings) this.bindings.delete(id);
    for (const portId of new Set(bindings.map((binding) => binding.portId))) {
      if ([...this.bindings.values()].some((binding) => binding.portId === portId)) continue;
      for (const subnet of this.subnets.values()) subnet.freeRestingOf(portId, answeredAt);
    }
  }

  supersededBy(bindingId: string): BindingState[] {
    return [...this.bindings.values()].filter(({ supersededBy }) => supersededBy === bindingId);
  }
}

function ofProject<Thing extends { readonly projectId: string }>(
  things: ReadonlyMap<string, Thing>,
  projectId: string,
): Thing[] {
  return [...things.values()].filter((thing) => thing.projectId === projectId);
}

function ownedBy<Thing extends { readonly projectId: string }>(
  projectId: string | undefined,
  thing: Thing | undefined,
): Thing | undefined {
  return thing?.projectId === projectId ? thing : undefined;
}
