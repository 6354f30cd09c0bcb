import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { decodeJwt } from 'jose';
import { authorize, type Authenticator } from './auth.ts';
import { ownerOf } from './caller.ts';
import { commonProblem, commonProblemCodes } from './common-problems.ts';
import {
  documentsHeader,
  documentsMediaType,
  readDocument,
  type ApiDocument,
  type Operation,
} from './document.ts';
import { hashRequest, type IdempotencyClaim } from './idempotency.ts';
import { findUnstorableText, readJsonBody } from './json-body.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { isRecord } from './opaque.ts';
import {
  checkHandlers,
  type OperationHandlers,
  type OperationResponse,
  type UncheckedRequest,
} from './operations.ts';
import { entityTag } from './preconditions.ts';
import type { ProblemDefinition, ProblemDocument } from './problem.ts';
import { contextOf, openContext } from './request-context.ts';
import { toProblem } from './request-errors.ts';
import { sendStream } from './streaming.ts';
import { methodNotAllowed, systemRoutes } from './system-routes.ts';
import { createValidator } from './validation.ts';

export interface ApiAppOptions {
  /** The bundled OpenAPI document, as parsed JSON. */
  readonly document: unknown;
  /** One handler per operationId: more or fewer, and the start fails. */
  readonly handlers: OperationHandlers;
  readonly auth: Authenticator;
  /** The API's problem table, from its contract; it must hold the common codes. */
  readonly problemCodes: Readonly<Record<string, ProblemDefinition>>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Fails while the service cannot work; usually `() => database.ping()`. */
  readonly readiness: () => Promise<void>;
  /** Holds successful responses against the document too: for tests and development. */
  readonly validateResponses?: boolean | undefined;
  readonly bodyLimitBytes?: number | undefined;
  /** Folder with swagger-ui-dist's files; needed when the app is a bundle without node_modules. */
  readonly docsAssets?: string | undefined;
  /** Aborted when the process begins to stop: open long polls end, readiness fails. */
  readonly stopping?: AbortSignal | undefined;
}

/** An API ready to be listened with; `app` also serves supertest. */
export interface ApiApp {
  readonly app: Express;
  readonly document: ApiDocument;
}

/** Builds the express app of one API document. Resolves when the document is loaded; throws on any mistake in the parts. */
export async function createApiApp(options: ApiAppOptions): Promise<ApiApp> {
  const document = readDocument(options.document);
  const { handlers, metrics, logger } = options;
  const stopping = options.stopping ?? new AbortController().signal;
  checkHandlers(document, handlers, { isLocal: options.auth.kind === 'local' });
  checkProblemCodes(options.problemCodes);
  const validator = createValidator(document, { validateResponses: options.validateResponses ?? false });
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing');
  app.use(openContext({ logger, metrics, stopping }));
  app.use(
    systemRoutes({
      document,
      metrics,
      docsAssets: options.docsAssets,
      isReady: () => isReady(options, stopping),
    }),
  );
  app.use(findOperation(document, options.auth));
  app.use(readBody(options.bodyLimitBytes ?? 1024 * 1024));
  app.use(validator.handler((request) => contextOf(request).operation));
  app.use(dispatch(handlers));
  app.use(answerProblem(options.problemCodes, logger));
  await validator.load(app);
  return { app, document };
}

async function isReady(options: ApiAppOptions, stopping: AbortSignal): Promise<void> {
  if (stopping.aborted) {
    throw commonProblem('service-unavailable', 'The service is stopping.', {
      headers: { 'retry-after': '2' },
    });
  }
  await options.readiness();
}

/** Which operation it is, who calls, and whether they may: before anything of the body is read. */
function findOperation(document: ApiDocument, auth: Authenticator): RequestHandler {
  return async (request, _response, next) => {
    const context = contextOf(request);
    const match = document.match(request.method, request.path);
    if (match.kind === 'unknown-path') {
      throw commonProblem(
        'route-not-found',
        'There is nothing at this path. /openapi.json lists the paths of this API.',
      );
    }
    if (match.kind === 'wrong-method') throw methodNotAllowed(request.method, match.allowed);
    context.operation = match.operation;
    context.caller = await auth.authenticate(request.headers.authorization);
    authorize(context.caller, match.operation.security);
    refuseUnstorableAddress(request);
    refuseOddIntegers(request, match.operation);
    next();
  };
}

/** Path and query must decode to text that the database can hold. */
function refuseUnstorableAddress(request: Request): void {
  let segments: string[];
  try {
    segments = request.path.split('/').map(decodeURIComponent);
  } catch (error) {
    throw commonProblem('invalid-request', 'Correct the path: its percent-encoding is malformed.', {
      cause: error,
    });
  }
  const flaw = findUnstorableText({ path: segments, query: request.query });
  if (flaw) throw commonProblem('invalid-request', `Correct the address: it ${flaw.detail}.`);
}

/** The validator would take whatever JavaScript makes a whole number of: `0x10`, `1e1`, blanks around it. */
function refuseOddIntegers(request: Request, { integerParameters }: Operation): void {
  const errors = integerParameters.flatMap((name) => {
    const text = request.query[name];
    const isPlain = typeof text !== 'string' || /^(0|-?[1-9]\d{0,14})$/.test(text);
    return isPlain ? [] : [{ pointer: `/query/${name}`, detail: 'must be integer, in decimal digits' }];
  });
  if (errors.length === 0) return;
  const summary = errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ');
  throw commonProblem('invalid-request', `Correct the request: ${summary}.`, { errors });
}

function readBody(limitBytes: number): RequestHandler {
  const read = readJsonBody(limitBytes);
  return (request, response, next) => {
    const { operation } = contextOf(request);
    if (operation) void read(operation)(request, response, next);
    else next();
  };
}

function dispatch(handlers: OperationHandlers): RequestHandler {
  return async (request, response) => {
    const { operation } = contextOf(request);
    if (!operation) throw new Error('the request reached its handler without an operation');
    const handler = handlers[operation.operationId];
    if (!handler) throw new Error(`no handler for ${operation.operationId}`);
    await send(response, operation, await handler.handle(toOperationRequest(request, operation)));
  };
}

function toOperationRequest(request: Request, operation: Operation): UncheckedRequest {
  const context = contextOf(request);
  const { caller } = context;
  if (!caller) throw new Error('the request reached its handler without a caller');
  const { operationId } = operation;
  // The validator leaves the path parameters it has checked (and brought to one spelling) here.
  const openapi: unknown = 'openapi' in request ? request.openapi : undefined;
  const params = isRecord(openapi) ? openapi['pathParams'] : undefined;
  const query: unknown = request.query;
  const body: unknown = request.body;
  const key = request.headers['idempotency-key'];
  const idempotency: IdempotencyClaim | undefined =
    typeof key === 'string'
      ? { owner: ownerOf(caller), operationId, key, requestHash: hashRequest({ params, query, body }) }
      : undefined;
  const prefersEventStream =
    documentsMediaType(operation, 200, 'text/event-stream') &&
    request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';
  return {
    operationId,
    params,
    query,
    body,
    caller,
    prefersEventStream,
    tokenEndsAt: prefersEventStream ? tokenEndsAt(request) : undefined,
    ifMatch: request.headers['if-match'],
    idempotency,
    get headers() {
      return plainHeaders(request);
    },
    get signal() {
      return context.signal;
    },
    get logger() {
      return context.logger.child({ operationId });
    },
  };
}

/** The authenticator has verified the token and that it has an end. */
function tokenEndsAt({ headers }: Request): number | undefined {
  const token = headers.authorization?.split(/ +/)[1];
  const end = token === undefined ? undefined : decodeJwt(token).exp;
  return end === undefined ? undefined : end * 1000;
}

function plainHeaders(request: Request): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
}

async function send(response: Response, operation: Operation, answer: OperationResponse): Promise<void> {
  const revision = isRecord(answer.body) ? answer.body['revision'] : undefined;
  if (typeof revision === 'number' && documentsHeader(operation, answer.status, 'ETag')) {
    response.set('etag', entityTag(revision));
  }
  response.status(answer.status);
  // Not by express, which would add a charset to a type that has none.
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if (answer.stream) await sendStream(response, answer.stream);
  else if (answer.body === undefined) response.end();
  else response.json(answer.body);
}

/** The one place where failures become HTTP. A code's title is the one that the API's own table gives it. */
function answerProblem(
  problemCodes: Readonly<Record<string, ProblemDefinition>>,
  logger: Logger,
): ErrorRequestHandler {
  return (error, request, response, next) => {
    const problem = toProblem(error);
    const context = contextOf(request);
    if (problem.status >= 500)
      context.logger.error({ err: problem.cause ?? problem, code: problem.code }, 'request failed');
    else if (logger.isLevelEnabled('debug'))
      context.logger.debug({ code: problem.code, detail: problem.detail }, 'request refused');
    // Half an answer can't be taken back: let express cut the connection.
    if (response.headersSent) {
      next(error);
      return;
    }
    const title = problemCodes[problem.code]?.title ?? problem.title;
    const document: ProblemDocument = { ...problem.toDocument(), title, instance: context.requestId };
    response.removeHeader('etag');
    response
      .status(problem.status)
      .set({ ...problem.headers, 'content-type': 'application/problem+json' })
      .end(JSON.stringify(document));
  };
}

function checkProblemCodes(problemCodes: Readonly<Record<string, ProblemDefinition>>): void {
  for (const [code, { status }] of Object.entries(commonProblemCodes)) {
    const documented = problemCodes[code];
    if (documented && documented.status !== status) {
      throw new Error(`the problem table gives ${code} status ${documented.status}, this program ${status}`);
    }
  }
}
