import { randomUUID } from 'node:crypto';
import type {
  AgentReceipt,
  AgentReport,
  Binding,
  BindingClaim,
  BindingReport,
  Change,
  DesiredAttachment,
  Holding,
  HoldingsReport,
  ProblemCode,
  WiredIp,
} from '@patchpanel/contract-network-southbound';
import type { VnicKey } from '@patchpanel/contract-agent';

/** A refusal as the network service would give it. */
export class Refusal extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode) {
    super(code);
    this.code = code;
  }
}

export interface PlugOptions {
  readonly macAddress: string;
  readonly provider?: string;
  readonly networkId?: string;
  readonly fixedIps?: readonly WiredIp[];
  readonly document?: Record<string, unknown>;
}

/** The network service's rules on attachments and one host's bindings, in memory: for tests of what speaks to it. */
export class NetworkModel {
  epoch = 1;
  isFenced = false;
  awaitsHoldings = false;
  /** What the agent said of itself last. */
  word: AgentReport | undefined;
  /** What the host said that it has, each time that it was complete. */
  readonly holdings: Holding[][] = [];
  #holdingsSoFar: Holding[] = [];
  readonly #plugs = new Map<string, DesiredAttachment>();
  readonly #generations = new Map<string, number>();
  readonly #bindings = new Map<string, Binding>();
  readonly #elsewhere = new Set<string>();
  readonly #changes: Change[] = [];
  readonly #waiting = new Set<() => void>();
  /** Cursors from before this position are not known any more. */
  #oldest = 0;
  #lostPlace: 'invalid-cursor' | 'events-compacted' = 'invalid-cursor';

  plug(key: VnicKey, options: PlugOptions): DesiredAttachment {
    const generation = (this.#generations.get(text(key)) ?? 0) + 1;
    this.#generations.set(text(key), generation);
    const attachment: DesiredAttachment = {
      projectId: key.projectId,
      vnicId: key.vnicId,
      portId: randomUUID(),
      networkId: options.networkId ?? randomUUID(),
      macAddress: options.macAddress,
      generation,
      epoch: this.epoch,
      adminState: 'up',
      mtu: 1500,
      subnets: [],
      portSecurity: 'on',
      allowedAddressPairs: [],
      securityGroupIds: [],
      fixedIps: [
        ...(options.fixedIps ?? [{ ipAddress: '10.0.0.5', prefixLength: 24, gatewayIp: '10.0.0.1' }]),
      ],
      provider: options.provider ?? 'simulated',
      wiring: { version: 1, document: options.document ?? {} },
      revision: 1,
    };
    this.#plugs.set(text(key), attachment);
    return attachment;
  }

  unplug(key: VnicKey): void {
    this.#plugs.delete(text(key));
    const binding = this.#bindingOf(key);
    if (binding === undefined) return;
    const { attachment: _attachment, ...rest } = binding;
    this.#change({ ...rest, desired: 'absent' });
  }

  /** Changes the port under a plugged vNIC. */
  changePort(key: VnicKey, change: Partial<DesiredAttachment>): void {
    const before = this.#plugs.get(text(key));
    if (before === undefined) throw new Error('not plugged');
    const attachment = { ...before, ...change, revision: before.revision + 1 };
    this.#plugs.set(text(key), attachment);
    const binding = this.#bindingOf(key);
    if (binding === undefined) return;
    const status = binding.status === 'active' ? 'building' : binding.status;
    this.#change({ ...binding, attachment, status, generation: attachment.generation });
  }

  /** The attachment is bound to another host from now on; here it is gone. */
  bindElsewhere(key: VnicKey): void {
    this.releaseByForce(key);
    this.#elsewhere.add(text(key));
  }

  releaseElsewhere(key: VnicKey): void {
    this.#elsewhere.delete(text(key));
  }

  /** The owner ends the binding to this host without asking it. */
  releaseByForce(key: VnicKey): void {
    const binding = this.#bindingOf(key);
    if (binding !== undefined) this.#end(binding);
  }

  /** Old cursors are not known any more, or what came after them is no longer kept. */
  forgetChanges(refusal: 'invalid-cursor' | 'events-compacted'): void {
    this.#oldest = this.#changes.length + 1;
    this.#lostPlace = refusal;
    this.#wake();
  }

  binding(key: VnicKey): Binding | undefined {
    return this.#bindingOf(key);
  }

  bindings(): Binding[] {
    return [...this.#bindings.values()];
  }

  /** As if the database were restored to what it was when the copy was taken: the service comes back in a newer epoch. */
  copy({ isEpochRaised = true } = {}): () => void {
    const [plugs, generations, bindings] = [
      new Map(this.#plugs),
      new Map(this.#generations),
      new Map(this.#bindings),
    ];
    return () => {
      if (isEpochRaised) this.epoch += 1;
      this.awaitsHoldings = true;
      const inEpoch = <Known extends { epoch: number }>(known: Known): Known => ({
        ...known,
        epoch: this.epoch,
      });
      replace(this.#generations, generations);
      replace(this.#plugs, new Map([...plugs].map(([key, plug]) => [key, inEpoch(plug)])));
      const again = [...bindings].map(([id, binding]): [string, Binding] => {
        const { attachment, ...rest } = inEpoch(binding);
        return [id, { ...rest, ...(attachment === undefined ? {} : { attachment: inEpoch(attachment) }) }];
      });
      replace(this.#bindings, new Map(again));
      this.forgetChanges('invalid-cursor');
    };
  }

  attend(word: AgentReport): AgentReceipt {
    this.word = word;
    const { epoch, isFenced, awaitsHoldings } = this;
    return { epoch, heartbeatSeconds: 1, isFenced, awaitsHoldings };
  }

  hold({ holdings, isComplete }: HoldingsReport): void {
    this.#holdingsSoFar.push(...holdings);
    for (const held of holdings) {
      const known = this.#generations.get(text(held)) ?? 0;
      this.#generations.set(text(held), Math.max(known, held.generation));
    }
    const isKnown = (held: Holding) =>
      this.bindings().some(
        ({ vnicId, generation }) => vnicId === held.vnicId && generation >= held.generation,
      );
    if (holdings.some((held) => held.epoch === this.epoch && !isKnown(held))) this.epoch += 1;
    if (!isComplete) return;
    this.holdings.push(this.#holdingsSoFar);
    this.#holdingsSoFar = [];
    this.awaitsHoldings = false;
  }

  /** Something about a network of this host's has changed. */
  networkChanged(networkId: string, projectId: string): void {
    this.#tellChange({
      resourceType: 'network',
      resourceId: networkId,
      projectId,
      change: 'updated',
      revision: 2,
    });
  }

  /** A security group that this host uses has changed. */
  groupChanged(groupId: string, projectId: string): void {
    this.#tellChange({
      resourceType: 'security-group',
      resourceId: groupId,
      projectId,
      change: 'updated',
      revision: 2,
    });
  }

  resolve(key: VnicKey): DesiredAttachment {
    const attachment = this.#plugs.get(text(key));
    if (attachment === undefined || this.#elsewhere.has(text(key))) throw new Refusal('attachment-not-found');
    return attachment;
  }

  claim(claim: BindingClaim): { binding: Binding; isNew: boolean } {
    const { projectId, vnicId, placement } = claim;
    const attachment = this.#plugs.get(text(claim));
    if (attachment === undefined) throw new Refusal('attachment-not-found');
    if (attachment.macAddress !== claim.macAddress.toLowerCase()) throw new Refusal('mac-mismatch');
    if (this.#elsewhere.has(text(claim))) throw new Refusal('bound-elsewhere');
    const before = this.#bindingOf(claim);
    if (before !== undefined) {
      if (before.desired === 'absent') return { binding: before, isNew: false };
      if (placement < before.placement) throw new Refusal('stale-placement');
      if (placement === before.placement) return { binding: before, isNew: false };
      const anew = { ...attachment, revision: attachment.revision + 1 };
      this.#plugs.set(text(claim), anew);
      const taken = { ...before, attachment: anew, placement, status: 'building' } as const;
      return { binding: this.#change(taken), isNew: false };
    }
    const now = new Date().toISOString();
    const { generation, epoch } = attachment;
    const binding: Binding = {
      id: randomUUID(),
      projectId,
      vnicId,
      generation,
      epoch,
      placement,
      desired: 'present',
      attachment,
      status: 'building',
      revision: 1,
      createdAt: now,
      updatedAt: now,
    };
    this.#bindings.set(binding.id, binding);
    this.#tell(binding, 'created');
    return { binding, isNew: true };
  }

  get(bindingId: string): Binding {
    const binding = this.#bindings.get(bindingId);
    if (binding === undefined) throw new Refusal('binding-not-found');
    return binding;
  }

  report(bindingId: string, report: BindingReport): Binding {
    const binding = this.get(bindingId);
    if (report.epoch < binding.epoch || report.generation < binding.generation)
      throw new Refusal('stale-generation');
    const isOutdated = (report.revision ?? Infinity) < (binding.attachment?.revision ?? 0);
    if (report.status === 'active' && isOutdated) throw new Refusal('stale-generation');
    const { status, statusReason, deviceName } = report;
    const { statusReason: _statusReason, deviceName: _deviceName, ...rest } = binding;
    return this.#change({
      ...rest,
      status,
      ...(statusReason === undefined ? {} : { statusReason }),
      ...(deviceName === undefined ? {} : { deviceName }),
    });
  }

  release(bindingId: string, placement: number | undefined): void {
    const binding = this.#bindings.get(bindingId);
    if (binding === undefined) return;
    if (placement !== undefined && placement < binding.placement) throw new Refusal('stale-placement');
    this.#end(binding);
  }

  cursor(): string {
    return String(this.#changes.length);
  }

  /** Changes after the cursor; waits for one until the signal is aborted. */
  async changes(cursor: string, signal: AbortSignal): Promise<{ items: Change[]; nextCursor: string }> {
    const read = () => {
      const position = Number(cursor);
      if (!Number.isInteger(position) || position < this.#oldest) throw new Refusal(this.#lostPlace);
      return { items: this.#changes.slice(position, position + 200), nextCursor: '' };
    };
    let found = read();
    while (found.items.length === 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
      found = read();
    }
    return { ...found, nextCursor: String(Number(cursor) + found.items.length) };
  }

  #bindingOf(key: VnicKey): Binding | undefined {
    return [...this.#bindings.values()].find((binding) => text(binding) === text(key));
  }

  #change(binding: Binding): Binding {
    const changed = { ...binding, revision: binding.revision + 1, updatedAt: new Date().toISOString() };
    this.#bindings.set(changed.id, changed);
    this.#tell(changed, 'updated');
    return changed;
  }

  #end(binding: Binding): void {
    this.#bindings.delete(binding.id);
    this.#tell({ ...binding, revision: binding.revision + 1 }, 'deleted');
  }

  #tell(binding: Binding, change: Change['change']): void {
    const { id: resourceId, projectId, vnicId, revision } = binding;
    const occurredAt = new Date().toISOString();
    this.#changes.push({
      resourceType: 'binding',
      resourceId,
      projectId,
      vnicId,
      change,
      revision,
      occurredAt,
    });
    this.#wake();
  }

  #tellChange(change: Omit<Change, 'occurredAt'>): void {
    this.#changes.push({ ...change, occurredAt: new Date().toISOString() });
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

function replace<Key, Value>(map: Map<Key, Value>, by: ReadonlyMap<Key, Value>): void {
  map.clear();
  for (const [key, value] of by) map.set(key, value);
}

function text({ projectId, vnicId }: VnicKey): string {
  return `${projectId}/${vnicId}`;
}
