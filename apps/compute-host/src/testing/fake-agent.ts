import { AgentCallError, type NetworkAgent } from '@patchpanel/agent-api';
import type { EnsureItem, RemoveItem, Wiring, WiringProblem, WiringResult } from '@patchpanel/contract-agent';

/** A network agent at the edge of the tests: wires what it is told to, refuses what it is told to, and keeps to the fence. */
export class FakeAgent implements NetworkAgent {
  /** What stands wired, by vNIC. */
  readonly wired = new Map<string, EnsureItem>();
  /** Why a vNIC is refused. */
  readonly refusals = new Map<string, WiringProblem>();
  readonly calls: (
    { readonly ensure: readonly EnsureItem[] } | { readonly remove: readonly RemoveItem[] }
  )[] = [];
  isAway = false;
  /** Called before each answer. */
  onCall: () => Promise<void> = async () => {};
  readonly #highestPlacements = new Map<string, number>();

  async ensure(items: readonly EnsureItem[]): Promise<WiringResult[]> {
    await this.#answer();
    this.calls.push({ ensure: items });
    return items.map((item) => {
      const { projectId, vnicId, placement } = item;
      const stale: WiringProblem = { code: 'stale-placement', detail: 'a newer placement is known' };
      const problem = this.#isStale(item) ? stale : this.refusals.get(vnicId);
      if (problem !== undefined) return { projectId, vnicId, status: 'error', problem };
      this.#highestPlacements.set(vnicId, placement);
      this.wired.set(vnicId, item);
      return { projectId, vnicId, status: 'active', deviceName: `pp-${vnicId}`, mtu: 1500 };
    });
  }

  async remove(items: readonly RemoveItem[]): Promise<WiringResult[]> {
    await this.#answer();
    this.calls.push({ remove: items });
    return items.map((item) => {
      if (!this.#isStale(item)) this.wired.delete(item.vnicId);
      return { projectId: item.projectId, vnicId: item.vnicId, status: 'removed' };
    });
  }

  async list(): Promise<Wiring[]> {
    await this.#answer();
    return [...this.wired.values()].map(({ projectId, vnicId, placement }) => ({
      ...{ projectId, vnicId, placement, generation: 1 },
      status: this.refusals.has(vnicId) ? 'error' : 'active',
    }));
  }

  async gc(valid: readonly { readonly projectId: string; readonly vnicId: string }[]) {
    await this.#answer();
    const kept = new Set(valid.map(({ vnicId }) => vnicId));
    const removed = [...this.wired.values()].filter(({ vnicId }) => !kept.has(vnicId));
    for (const { vnicId } of removed) this.wired.delete(vnicId);
    return removed.map(({ projectId, vnicId }) => ({ projectId, vnicId }));
  }

  check = () => Promise.reject(new Error('compute-host has no use for this'));
  status = () => Promise.reject(new Error('compute-host has no use for this'));

  #isStale({ vnicId, placement }: { readonly vnicId: string; readonly placement: number }): boolean {
    return placement < (this.#highestPlacements.get(vnicId) ?? 0);
  }

  async #answer(): Promise<void> {
    await this.onCall();
    if (this.isAway) throw new AgentCallError('unreachable', 'nobody listens');
  }
}
