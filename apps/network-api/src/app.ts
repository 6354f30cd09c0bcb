import networkDocument from '../../../openapi/dist/network.json' with { type: 'json' };
import southboundDocument from '../../../openapi/dist/network-southbound.json' with { type: 'json' };
import { problemCodes } from '@patchpanel/contract-network';
import { problemCodes as southboundProblemCodes } from '@patchpanel/contract-network-southbound';
import { createApiApp, type ApiApp, type ApiAppOptions } from '@patchpanel/service-kit';
import { agentOperations, agentReportOperations } from './agents/routes.ts';
import { attachmentOperations } from './attachments/routes.ts';
import { bindingOperations, bindingReleaseOperations } from './bindings/routes.ts';
import { changeOperations } from './changes/routes.ts';
import { eventOperations } from './events/routes.ts';
import { networkOperations } from './networks/routes.ts';
import type { Parts } from './parts.ts';
import { portOperations } from './ports/routes.ts';
import { providerOperations } from './providers/routes.ts';
import { quotaOperations } from './quotas/routes.ts';
import { hostGroupOperations } from './security-groups/host-routes.ts';
import { securityGroupOperations } from './security-groups/routes.ts';
import { shareOperations } from './shares/routes.ts';
import { subnetOperations } from './subnets/routes.ts';

/** What both apps take beside the service's own parts. */
export type AppOptions = Parts &
  Pick<
    ApiAppOptions,
    'auth' | 'logger' | 'metrics' | 'stopping' | 'docsAssets' | 'validateResponses' | 'bodyLimitBytes'
  >;

/** The API for users. */
export function createNetworkApp(options: AppOptions): Promise<ApiApp> {
  return createApiApp({
    ...options,
    document: networkDocument,
    problemCodes,
    readiness: () => options.database.ping(),
    handlers: {
      ...networkOperations(options),
      ...shareOperations(options),
      ...subnetOperations(options),
      ...portOperations(options),
      ...agentOperations(options),
      ...bindingReleaseOperations(options),
      ...attachmentOperations(options),
      ...providerOperations(options),
      ...securityGroupOperations(options),
      ...quotaOperations(options),
      ...eventOperations(options),
    },
  });
}

/** The API for agents. */
export function createSouthboundApp(options: AppOptions): Promise<ApiApp> {
  return createApiApp({
    ...options,
    document: southboundDocument,
    problemCodes: southboundProblemCodes,
    readiness: () => options.database.ping(),
    handlers: {
      ...bindingOperations(options),
      ...agentReportOperations(options),
      ...hostGroupOperations(options),
      ...changeOperations(options),
    },
  });
}
