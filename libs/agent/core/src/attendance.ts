import { setTimeout as delay } from 'node:timers/promises';
import type { AgentReceipt, AgentReport } from '@patchpanel/contract-network-southbound';
import type { ProviderLogger } from '@patchpanel/provider';
import { holdingsOf } from './holdings.ts';
import type { HostProviders } from './host-providers.ts';
import type { Journal } from './journal.ts';
import { NetworkServiceError, type NetworkService } from './network-service.ts';

/** So much goes into one report of holdings. */
const holdingsPerReport = 1000;

export interface AttendanceParts {
  readonly networkService: NetworkService;
  readonly providers: HostProviders;
  readonly journal: Journal;
  readonly logger: ProviderLogger;
  /** The agent's version. */
  readonly version: string;
  /** Seconds until a report that failed is tried again. */
  readonly retrySeconds: number;
}

/**
 * Says to the network service again and again that the agent lives and what it can do, and does what it wants to know then: after a
 * restore of its database, what is wired here.
 */
export class Attendance {
  readonly #parts: AttendanceParts;
  #receipt: AgentReceipt | undefined;
  #wanted = new AbortController();

  constructor(parts: AttendanceParts) {
    this.#parts = parts;
  }

  /** Whether the service says that this host is fenced, as far as it is known. */
  get isFenced(): boolean {
    return this.#receipt?.isFenced ?? false;
  }

  /** Reports until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wanted = new AbortController();
      const seconds = await this.#attend(signal);
      const until = AbortSignal.any([signal, this.#wanted.signal]);
      await delay(seconds * 1000, undefined, { signal: until }).catch(() => undefined);
    }
  }

  /** Reports as soon as may be. */
  hasten(): void {
    this.#wanted.abort();
  }

  /**
   * The epoch in which the service is now. A service that awaits to hear what is wired here is told first: a database that was
   * restored twice finds out by that, that it was in this epoch before. Throws `NetworkServiceError`.
   */
  async epochNow(signal: AbortSignal): Promise<number> {
    const receipt = await this.#report(signal);
    if (!receipt.awaitsHoldings) return receipt.epoch;
    await this.#reportHoldings(receipt.epoch, signal);
    return (await this.#report(signal)).epoch;
  }

  async #attend(signal: AbortSignal): Promise<number> {
    const { logger, retrySeconds } = this.#parts;
    try {
      const receipt = await this.#report(signal);
      if (receipt.awaitsHoldings) await this.#reportHoldings(receipt.epoch, signal);
      return receipt.heartbeatSeconds * (0.8 + 0.2 * Math.random());
    } catch (error) {
      if (signal.aborted) return 0;
      if (error instanceof NetworkServiceError) {
        logger.info(
          { code: error.code, reason: error.message },
          'the network service took no report of the agent',
        );
      } else {
        logger.error({ err: error }, 'a report of the agent failed');
      }
      return retrySeconds;
    }
  }

  async #report(signal: AbortSignal): Promise<AgentReceipt> {
    const { networkService, logger } = this.#parts;
    const receipt = await networkService.reportAgent(this.#word(), signal);
    if (receipt.isFenced !== this.isFenced) {
      const words = receipt.isFenced
        ? 'an operator has fenced this host: what was taken from it is taken down, and it can bind nothing'
        : 'the fence of this host is lifted';
      logger.warn({}, words);
    }
    this.#receipt = receipt;
    return receipt;
  }

  #word(): AgentReport {
    return {
      version: this.#parts.version,
      providers: this.#parts.providers.status().map(({ name, ready, missing }) => ({
        name,
        isUsable: ready,
        ...(missing.length === 0 ? {} : { detail: missing.join('; ').slice(0, 1000) }),
      })),
    };
  }

  async #reportHoldings(epoch: number, signal: AbortSignal): Promise<void> {
    const { networkService, providers, journal } = this.#parts;
    const holdings = await holdingsOf(journal, providers);
    for (let start = 0; start === 0 || start < holdings.length; start += holdingsPerReport) {
      const part = holdings.slice(start, start + holdingsPerReport);
      const isComplete = start + holdingsPerReport >= holdings.length;
      await networkService.reportHoldings({ epoch, holdings: part, isComplete }, signal);
    }
  }
}
