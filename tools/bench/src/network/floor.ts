/**
 * The floor: every operation of the network API's document, answered by a handler that does nothing, behind the very same
 * express, kit, validator and authentication as the service. What it does per second is what there is to have.
 *
 *     PATCHPANEL_JWKS_FILE=… PATCHPANEL_ISSUER=… node floor.mjs
 */
import networkDocument from '../../../../openapi/dist/network.json' with { type: 'json' };
import {
  commonProblemCodes,
  createApiApp,
  createLifetime,
  createLogger,
  createMetrics,
  keySourceOf,
  listen,
  readDocument,
  tokenAuthenticator,
  userOperation,
  type Operation,
} from '@patchpanel/service-kit';

const logger = createLogger({ name: 'floor' });
const lifetime = createLifetime(logger);
const { app } = await createApiApp({
  document: networkDocument,
  handlers: Object.fromEntries(
    readDocument(networkDocument).operations.map((operation) => [
      operation.operationId,
      doNothing(operation),
    ]),
  ),
  auth: tokenAuthenticator({
    keys: keySourceOf({ jwksFile: process.env['PATCHPANEL_JWKS_FILE'] }),
    issuer: process.env['PATCHPANEL_ISSUER'] ?? '',
    audience: 'network',
  }),
  problemCodes: commonProblemCodes,
  logger,
  metrics: createMetrics(),
  readiness: () => Promise.resolve(),
  stopping: lifetime.stopping,
  docsAssets: process.env['PATCHPANEL_DOCS_ASSETS'],
});
const listener = await listen(app, { host: '127.0.0.1', port: 0 });
lifetime.onStop('listener', () => listener.close());
logger.info({ public: listener.url }, 'listening');

/** Answers with the operation's status of success, and an empty object where there is a body. */
function doNothing({ definition }: Operation) {
  const { responses } = definition;
  const statuses = typeof responses === 'object' && responses !== null ? Object.keys(responses) : [];
  const status = Number(statuses.find((candidate) => candidate.startsWith('2')));
  return userOperation(async () => (status === 204 ? { status } : { status, body: {} }));
}
