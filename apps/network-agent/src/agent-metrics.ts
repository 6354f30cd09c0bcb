import type { AgentStatus } from '@patchpanel/contract-agent';
import type { AgentObserver } from '@patchpanel/agent-core';
import type { Metrics } from '@patchpanel/service-kit';
import { Counter, Gauge, Histogram } from 'prom-client';

/** What the agent counts, in the process's registry. */
export function agentMetrics({ registry }: Metrics): AgentObserver & {
  /** Where the numbers of wirings and the contact to the network service are asked for, at each scrape. */
  watch(status: () => Promise<AgentStatus>): void;
} {
  const registers = [registry];
  const wired = new Histogram({
    name: 'agent_wiring_seconds',
    help: 'Time to wire a vNIC and to read it back, repetitions included.',
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 20],
    registers,
  });
  const failures = new Counter({
    name: 'agent_wiring_failures_total',
    help: 'vNICs that could not be wired or proven, by problem.',
    labelNames: ['code'],
    registers,
  });
  const drifts = new Counter({
    name: 'agent_drifts_total',
    help: 'Wirings that were found to depart from what they should be.',
    registers,
  });
  const resyncs = new Counter({
    name: 'agent_resyncs_total',
    help: "Times that all of this host's bindings were listed anew.",
    registers,
  });
  return {
    wired: (seconds) => wired.observe(seconds),
    failed: (code) => failures.inc({ code }),
    drifted: () => drifts.inc(),
    resynced: () => resyncs.inc(),
    watch(status) {
      new Gauge({
        name: 'agent_wirings',
        help: 'Wirings that are kept, by state.',
        labelNames: ['state'],
        registers,
        async collect() {
          const { wirings } = await status();
          for (const state of ['active', 'wiring', 'error'] as const) this.set({ state }, wirings[state]);
        },
      });
      new Gauge({
        name: 'agent_network_service_reachable',
        help: 'Whether the last call to the network service went through.',
        registers,
        async collect() {
          this.set((await status()).networkService === 'reachable' ? 1 : 0);
        },
      });
    },
  };
}
