import { userOperation, type OperationHandlers } from '@patchpanel/service-kit';
import type { Parts } from '../parts.ts';
import { listProviders } from './service.ts';

/** The operations on providers. */
export function providerOperations(parts: Parts): OperationHandlers {
  return {
    listProviders: userOperation(async ({ caller }) => ({
      status: 200,
      body: await listProviders(parts, caller),
    })),
  };
}
