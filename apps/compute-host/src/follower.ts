import type { Logger } from 'pino';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { ComputeCallError, type ComputeService } from './compute-service.ts';
import type { HostRegistration } from './generated/index.ts';
import { hasFired, pause } from './pause.ts';
import type { Reconciler } from './reconciler.ts';

export interface FollowerOptions {
  readonly compute: ComputeService;
  readonly reconciler: Pick<Reconciler, 'assign' | 'unassign' | 'assignAll' | 'retryNow'>;
  readonly registration: HostRegistration;
  readonly log: Logger;
  /** How long compute-api is asked to wait for a change, in seconds. */
  readonly waitSeconds: number;
  readonly retry: BackoffOptions;
  /** Called once, when the first full list has been taken over. */
  readonly onFollowing: () => void;
}

/**
 * Follows this host's assignments until the signal fires: registers, takes over the full list, then goes by the feed. While
 * compute-api is away nothing changes on this host, and the feed is taken up where it was left; with a cursor that compute-api
 * no longer knows the full list is taken over again.
 */
export async function followAssignments(options: FollowerOptions, signal: AbortSignal): Promise<void> {
  const { compute, reconciler, log } = options;
  const backoff = new Backoff(options.retry);
  let isRegistered = false;
  let cursor: string | undefined;
  let isFollowing = false;
  while (!signal.aborted) {
    try {
      if (!isRegistered) {
        await compute.registerHost(options.registration, signal);
        isRegistered = true;
      }
      if (cursor === undefined) {
        const { assignments, cursor: start } = await compute.listAssignments(signal);
        await reconciler.assignAll(assignments);
        cursor = start;
        log.info({ assignments: assignments.length }, 'took over the full list');
        if (!isFollowing) options.onFollowing();
        isFollowing = true;
      }
      const changes = await compute.followAssignments(cursor, options.waitSeconds, signal);
      const changed = [...new Set(changes.items.map(({ instanceId }) => instanceId))];
      const assignments = await Promise.all(
        changed.map(
          async (instanceId) => [instanceId, await compute.getAssignment(instanceId, signal)] as const,
        ),
      );
      for (const [instanceId, assignment] of assignments) {
        if (assignment === undefined) reconciler.unassign(instanceId);
        else reconciler.assign(assignment);
      }
      cursor = changes.nextCursor;
      if (backoff.isUnderWay) {
        log.info('compute-api answers again');
        reconciler.retryNow();
        backoff.reset();
      }
    } catch (cause) {
      if (hasFired(signal)) return;
      if (!(cause instanceof ComputeCallError)) throw cause;
      if (cause.code === 'invalid-cursor' || cause.code === 'events-compacted') cursor = undefined;
      if (cause.code === 'host-not-registered') isRegistered = false;
      if (!backoff.isUnderWay) log.warn({ err: cause }, 'following the assignments was interrupted');
      await pause(backoff.nextMs(), signal);
    }
  }
}

/**
 * Sends heartbeats until the signal fires, as often as compute-api asks for; registers the host again if compute-api does not
 * know it any more.
 */
export async function sendHeartbeats(
  options: Pick<FollowerOptions, 'compute' | 'registration' | 'log' | 'retry'>,
  signal: AbortSignal,
): Promise<void> {
  const { compute, log } = options;
  const backoff = new Backoff(options.retry);
  let everyMs: number | undefined;
  while (!signal.aborted) {
    try {
      if (everyMs === undefined) {
        const { heartbeatSeconds } = await compute.registerHost(options.registration, signal);
        everyMs = heartbeatSeconds * 1000;
      } else {
        await compute.sendHeartbeat(signal);
      }
      backoff.reset();
      await pause(everyMs, signal);
    } catch (cause) {
      if (hasFired(signal)) return;
      if (!(cause instanceof ComputeCallError)) throw cause;
      if (cause.code === 'host-not-registered') everyMs = undefined;
      if (!backoff.isUnderWay) log.warn({ err: cause }, 'a heartbeat was not heard');
      await pause(backoff.nextMs(), signal);
    }
  }
}
