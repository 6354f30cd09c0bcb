import { problemCodes } from '@patchpanel/contract-compute';
import { problemCodes as southboundProblemCodes } from '@patchpanel/contract-compute-southbound';
import { createApiApp, type ApiApp, type ApiAppOptions } from '@patchpanel/service-kit';
import computeDocument from '../../../openapi/dist/compute.json' with { type: 'json' };
import southboundDocument from '../../../openapi/dist/compute-southbound.json' with { type: 'json' };
import { assignmentOperations } from './assignments/routes.ts';
import { hostOperations, hostSouthboundOperations } from './hosts/routes.ts';
import { instanceOperations } from './instances/routes.ts';
import type { Parts } from './parts.ts';
import { vnicOperations } from './vnics/routes.ts';

/** What both apps take beside the service's own parts. */
export type AppOptions = Parts &
  Pick<
    ApiAppOptions,
    'auth' | 'logger' | 'metrics' | 'stopping' | 'docsAssets' | 'validateResponses' | 'bodyLimitBytes'
  >;

/** The API for users. */
export function createComputeApp(options: AppOptions): Promise<ApiApp> {
  return createApiApp({
    ...options,
    document: computeDocument,
    problemCodes,
    readiness: () => options.database.ping(),
    handlers: { ...vnicOperations(options), ...instanceOperations(options), ...hostOperations(options) },
  });
}

/** The API for compute hosts. */
export function createSouthboundApp(options: AppOptions): Promise<ApiApp> {
  return createApiApp({
    ...options,
    document: southboundDocument,
    problemCodes: southboundProblemCodes,
    readiness: () => options.database.ping(),
    handlers: { ...hostSouthboundOperations(options), ...assignmentOperations(options) },
  });
}
