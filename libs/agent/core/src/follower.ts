import { setTimeout as delay } from 'node:timers/promises';
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import type { VnicKey } from '@patchpanel/contract-agent';
import type { Binding, Change } from '@patchpanel/contract-network-southbound';
import type { ProviderLogger } from '@patchpanel/provider';
import { NetworkServiceError, type NetworkService } from './network-service.ts';
import { readBinding, type KnownBinding } from './record.ts';
import { Retries, type RetryTiming } from './retries.ts';
import { Slots } from './turns.ts';

export interface FollowerParts {
  readonly networkService: NetworkService;
  readonly logger: ProviderLogger;
  /** Called with what a binding is now, for each one's news in their order. */
  readonly heard: (told: KnownBinding) => void;
  /** Called when a binding is not there any more, with an epoch in which that is so. */
  readonly gone: (key: VnicKey, bindingId: string, epoch: number) => void;
  /** The epoch in which the network service is now: asked after it has said that it does not know something. */
  readonly epochNow: (signal: AbortSignal) => Promise<number>;
  /** Called with changes of security groups, for whoever enforces their rules. */
  readonly groupChanged: (change: Change) => void;
  /** What of a network is held here, to be read again when the network has changed. */
  readonly ofNetwork: (networkId: string) => readonly NamedBinding[];
  /** Called when everything was listed anew, with the ids of all bindings that were listed; gives those to be asked for besides. */
  readonly listed: (bindingIds: ReadonlySet<string>) => readonly NamedBinding[];
  /** How long to wait at the service for a change. */
  readonly waitSeconds: number;
  /** How often to list everything anew, though nothing asks for it. */
  readonly resyncSeconds: number;
  readonly retry: RetryTiming;
}

/** A binding by its id and its vNIC's. */
export interface NamedBinding {
  readonly bindingId: string;
  readonly projectId: string;
  readonly vnicId: string;
}

const parallelReads = 8;

/** Going on from the place is not possible any more; everything has to be listed. */
const lostPlaces: ReadonlySet<string> = new Set(['invalid-cursor', 'events-compacted']);

/**
 * Keeps up with this host's bindings: lists them, then follows the changes from where the first page of the list stood, so
 * that nothing between is missed. Lists anew when the service does not know the place any more, and now and then.
 */
export class Follower {
  readonly #parts: FollowerParts;
  readonly #slots = new Slots(parallelReads);
  /** Bindings that could not be read though the service answers: each is tried again by itself. */
  readonly #unread = new Map<string, NamedBinding>();
  #wanted = new AbortController();

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** Follows until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const retries = new Retries(
      this.#parts.retry,
      (bindingId) => void this.#readAgain(bindingId, retries, signal),
    );
    try {
      await this.#run(retries, signal);
    } finally {
      retries.close();
    }
  }

  async #run(retries: Retries, signal: AbortSignal): Promise<void> {
    const { firstMilliseconds, mostMilliseconds } = this.#parts.retry;
    const factory = new ExponentialBackoff({ initialDelay: firstMilliseconds, maxDelay: mostMilliseconds });
    let backoff: IBackoff<unknown> | undefined;
    let cursor: string | undefined;
    let listedAt = 0;
    while (!signal.aborted) {
      try {
        if (
          cursor === undefined ||
          this.#wanted.signal.aborted ||
          isPast(listedAt, this.#parts.resyncSeconds)
        ) {
          this.#wanted = new AbortController();
          cursor = undefined; // until it has succeeded, the listing is still owed
          cursor = await this.#list(retries, signal);
          listedAt = performance.now();
        }
        cursor = await this.#follow(cursor, retries, signal);
        backoff = undefined;
      } catch (error) {
        if (signal.aborted) return;
        if (this.#wanted.signal.aborted) continue;
        if (error instanceof NetworkServiceError && lostPlaces.has(error.code)) {
          this.#parts.logger.info({}, 'the place in the feed of changes is not known any more: listing anew');
          cursor = undefined;
          continue;
        }
        backoff = backoff === undefined ? factory.next() : backoff.next(undefined);
        this.#complain(error, backoff.duration);
        await delay(backoff.duration, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Lists everything anew as soon as may be. */
  resync(): void {
    this.#wanted.abort();
  }

  async #list(retries: Retries, signal: AbortSignal): Promise<string> {
    const { networkService, listed } = this.#parts;
    const ids = new Set<string>();
    let cursor: string | undefined;
    let pageToken: string | undefined;
    do {
      const page = await networkService.listBindings(pageToken, signal);
      cursor ??= page.cursor;
      for (const sent of page.items) {
        ids.add(sent.id);
        this.#hear(sent);
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    await this.#readAll(listed(ids), retries, signal);
    return cursor;
  }

  /** One step of the feed. The place moves on only when every change was read, or is to be read by itself. */
  async #follow(cursor: string, retries: Retries, signal: AbortSignal): Promise<string> {
    const { networkService, waitSeconds } = this.#parts;
    const until = AbortSignal.any([signal, this.#wanted.signal]);
    const { items, nextCursor } = await networkService.changes(cursor, waitSeconds, until);
    const changed = items.flatMap((change) => this.#concernedBy(change));
    const last = new Map(changed.map((binding) => [binding.bindingId, binding]));
    await this.#readAll([...last.values()], retries, signal);
    return nextCursor;
  }

  async #readAll(bindings: readonly NamedBinding[], retries: Retries, signal: AbortSignal): Promise<void> {
    const read = (binding: NamedBinding) => this.#slots.run(() => this.#read(binding, retries, signal));
    await Promise.all(bindings.map(read));
  }

  /** Reads one binding. Rejects only when nothing can be read: what goes wrong with one alone must not hold up the others. */
  async #read(binding: NamedBinding, retries: Retries, signal: AbortSignal): Promise<void> {
    const { networkService, gone, logger } = this.#parts;
    const { bindingId, projectId, vnicId } = binding;
    try {
      this.#hear(await networkService.getBinding(bindingId, signal));
    } catch (error) {
      if (!(error instanceof NetworkServiceError) || error.code === 'unreachable') throw error;
      if (error.code !== 'binding-not-found') {
        const { code, message } = error;
        logger.warn({ projectId, vnicId, bindingId, code, reason: message }, 'a binding could not be read');
        this.#unread.set(bindingId, binding);
        retries.schedule(bindingId);
        return;
      }
      const epoch = await this.#epochAfter(binding, retries, signal);
      if (epoch === undefined) return;
      gone({ projectId, vnicId }, bindingId, epoch);
    }
    this.#unread.delete(bindingId);
    retries.settle(bindingId);
  }

  /** Undefined when it can't be learnt now: then the binding is read again later. */
  async #epochAfter(
    binding: NamedBinding,
    retries: Retries,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    try {
      return await this.#parts.epochNow(signal);
    } catch (error) {
      if (!(error instanceof NetworkServiceError) || error.code === 'unreachable') throw error;
      this.#unread.set(binding.bindingId, binding);
      retries.schedule(binding.bindingId);
      return undefined;
    }
  }

  /** The bindings that a change is about. */
  #concernedBy(change: Change): readonly NamedBinding[] {
    const { resourceType, resourceId, projectId, vnicId } = change;
    switch (resourceType) {
      case 'binding':
        return vnicId === undefined ? [] : [{ bindingId: resourceId, projectId, vnicId }];
      case 'network':
        return this.#parts.ofNetwork(resourceId);
      default:
        this.#parts.groupChanged(change);
        return [];
    }
  }

  async #readAgain(bindingId: string, retries: Retries, signal: AbortSignal): Promise<void> {
    const binding = this.#unread.get(bindingId);
    if (binding === undefined) return;
    try {
      await this.#readAll([binding], retries, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof NetworkServiceError)) {
        this.#parts.logger.error({ bindingId, err: error }, 'reading a binding failed');
      }
      retries.schedule(bindingId);
    }
  }

  /** One binding that is not understood must not keep the others from being followed. */
  #hear(sent: Binding): void {
    let told: KnownBinding;
    try {
      told = readBinding(sent);
    } catch (error) {
      this.#parts.logger.error(
        { bindingId: sent.id, err: error },
        'the network service sent a binding that is not understood',
      );
      return;
    }
    this.#parts.heard(told);
  }

  #complain(error: unknown, waitMilliseconds: number): void {
    const { logger } = this.#parts;
    const facts = { waitMilliseconds: Math.round(waitMilliseconds) };
    if (error instanceof NetworkServiceError) {
      logger.warn(
        { ...facts, code: error.code, reason: error.message },
        'the network service is not followed now',
      );
    } else {
      logger.error({ ...facts, err: error }, 'following the network service failed');
    }
  }
}

function isPast(startedAt: number, seconds: number): boolean {
  return performance.now() - startedAt > seconds * 1000;
}
