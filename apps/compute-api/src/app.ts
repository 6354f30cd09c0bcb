import { problemCodes } from '@patchpanel/contract-compute';
import { problemCodes as southboundProblemCodes } from '@patchpanel/contract-compute-southbound';
import {
  createApiApp,
  createMetrics,
  forgetEvents,
  removeExpiredIdempotencyRecords,
  type ApiApp,
  type Authenticator,
  type Database,
  type Logger,
  type Metrics,
} from '@patchpanel/service-kit';
import publicDocument from '../../../openapi/dist/compute.json' with { type: 'json' };
import southboundDocument from '../../../openapi/dist/compute-southbound.json' with { type: 'json' };
import { assignmentOperations } from './assignments/routes.ts';
import { hostOperations, hostSouthboundOperations } from './hosts/routes.ts';
import { noticeSilentHosts } from './hosts/service.ts';
import { placeWaitingInstances } from './instances/placement.ts';
import { instanceOperations } from './instances/routes.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repetition.ts';
import { randomMacAddress } from './vnics/mac-address.ts';
import { vnicOperations } from './vnics/routes.ts';

export interface ComputeApiOptions {
  readonly database: Database;
  /** Who may call; both listeners take tokens of the same issuer, each operation its own kind. */
  readonly auth: Authenticator;
  readonly heartbeatSeconds: number;
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
  /** Aborted when the process begins to stop. */
  readonly stopping?: AbortSignal | undefined;
  /** Holds answers against the documents too: for tests. */
  readonly validateResponses?: boolean | undefined;
  readonly docsAssets?: string | undefined;
  readonly randomMacAddress?: (() => string) | undefined;
}

/** The service, ready to be listened with. */
export interface ComputeApi {
  /** For users. */
  readonly publicApi: ApiApp;
  /** For compute hosts; to be served on a listener of its own. */
  readonly southboundApi: ApiApp;
  /** Ends what it does by itself. Resolves when none of it uses the database any more. */
  stop(): Promise<void>;
}

const housekeepingSeconds = 600;
const eventsKeptDays = 7;

/** Puts the service together from its parts. */
export async function createComputeApi(options: ComputeApiOptions): Promise<ComputeApi> {
  const { database, auth, logger } = options;
  const parts: Parts = {
    database,
    heartbeatSeconds: options.heartbeatSeconds,
    randomMacAddress: options.randomMacAddress ?? randomMacAddress,
    wakePlacement: () => placement.wake(),
  };
  const shared = {
    auth,
    logger,
    metrics: options.metrics ?? createMetrics({ defaults: false }),
    readiness: () => database.ping(),
    stopping: options.stopping,
    validateResponses: options.validateResponses,
    docsAssets: options.docsAssets,
  };
  const publicApi = await createApiApp({
    ...shared,
    document: publicDocument,
    problemCodes,
    handlers: { ...vnicOperations(parts), ...instanceOperations(parts), ...hostOperations(parts) },
  });
  const southboundApi = await createApiApp({
    ...shared,
    document: southboundDocument,
    problemCodes: southboundProblemCodes,
    handlers: { ...hostSouthboundOperations(parts), ...assignmentOperations(parts) },
  });
  const placement = repeat({
    name: 'placement',
    everySeconds: options.heartbeatSeconds,
    logger,
    async work(signal) {
      await noticeSilentHosts(parts);
      await placeWaitingInstances(parts, signal);
    },
  });
  const housekeeping = repeat({
    name: 'housekeeping',
    everySeconds: housekeepingSeconds,
    logger,
    async work() {
      await removeExpiredIdempotencyRecords(database.knex);
      await forgetEvents(database.knex, new Date(Date.now() - eventsKeptDays * 86_400_000).toISOString());
    },
  });
  return {
    publicApi,
    southboundApi,
    async stop() {
      await Promise.all([placement.stop(), housekeeping.stop()]);
    },
  };
}
