/** A call with an idempotency key that was answered with success. */
export interface KeyedCall {
  readonly operation: string;
  readonly projectId: string | undefined;
  readonly key: string;
  readonly ask: unknown;
  readonly callId: number;
  readonly status: number;
  readonly body: unknown;
}

interface KnownPort {
  readonly id: string;
  readonly projectId: string;
  readonly networkId: string;
  /** The revision that somebody last saw: a later one may be there. */
  revision: number;
  readonly ipAddresses: readonly string[];
  /** What somebody last saw plugged in. */
  vnicId: string | undefined;
}

interface KnownVnic {
  readonly projectId: string;
  readonly vnicId: string;
  readonly macAddress: string;
  /** The highest placement that some agent has tried. */
  placement: number;
}

interface KnownBinding {
  readonly id: string;
  readonly host: string;
  readonly projectId: string;
  readonly vnicId: string;
  readonly generation: number;
  readonly epoch: number;
  readonly placement: number;
}

interface KnownThing {
  readonly id: string;
  readonly projectId: string;
}

/**
 * What clients remember of the answers they got, to draw the next calls from. It may be out of date, as it is for any client;
 * nothing is judged by it.
 */
export class Knowledge {
  readonly networks = new Map<string, KnownThing>();
  readonly subnets = new Map<string, KnownThing & { readonly networkId: string; readonly cidr: string }>();
  readonly ports = new Map<string, KnownPort>();
  readonly bindings = new Map<string, KnownBinding>();
  readonly vnics: readonly KnownVnic[];
  readonly groups = new Map<string, KnownThing & { readonly ruleIds: Set<string> }>();
  readonly keyed: KeyedCall[] = [];

  readonly projectIds: readonly string[];

  constructor(projectIds: readonly string[], vnics: readonly KnownVnic[]) {
    this.projectIds = projectIds;
    this.vnics = vnics;
  }

  networksOf(projectId: string | undefined) {
    return ofProject(this.networks, projectId);
  }

  subnetsOf(projectId: string | undefined) {
    return ofProject(this.subnets, projectId);
  }

  portsOf(projectId: string | undefined) {
    return ofProject(this.ports, projectId);
  }

  groupsOf(projectId: string | undefined) {
    return ofProject(this.groups, projectId);
  }

  vnicsOf(projectId: string | undefined) {
    return this.vnics.filter((vnic) => vnic.projectId === projectId);
  }

  bindingsOf(host: string | undefined) {
    return [...this.bindings.values()].filter((binding) => binding.host === host);
  }
}

function ofProject<Thing extends { readonly projectId: string }>(
  things: ReadonlyMap<string, Thing>,
  projectId: string | undefined,
): Thing[] {
  return [...things.values()].filter((thing) => thing.projectId === projectId);
}
