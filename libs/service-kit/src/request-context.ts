import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { callerKind, type Caller } from './caller.ts';
import type { Operation } from './document.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** What is known of a request while it is worked on. */
export interface RequestContext {
  readonly requestId: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  operation: Operation | undefined;
  caller: Caller | undefined;
}

const contexts = new WeakMap<Request, RequestContext>();

export function contextOf(request: Request): RequestContext {
  const context = contexts.get(request);
  if (!context) throw new Error('the request has no context: openContext must come first');
  return context;
}

/** The request as EventTarget of nobody: headers that every answer has (OWASP REST security cheat sheet). */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** Gives each request an id, a logger and a signal; logs and counts it when it has been answered. */
export function openContext(options: {
  logger: Logger;
  metrics: Metrics;
  stopping: AbortSignal;
}): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    const ended = options.metrics.requestStarted();
    const requestId = readRequestId(request);
    const gone = new AbortController();
    const abort = () => gone.abort();
    options.stopping.addEventListener('abort', abort, { once: true });
    if (options.stopping.aborted) abort();
    const context: RequestContext = {
      requestId,
      logger: options.logger.child({ requestId }),
      signal: gone.signal,
      operation: undefined,
      caller: undefined,
    };
    contexts.set(request, context);
    response.set(securityHeaders).set('x-request-id', requestId);
    if (options.stopping.aborted) response.set('connection', 'close');
    response.once('close', () => {
      options.stopping.removeEventListener('abort', abort);
      abort();
      ended();
      finish(request, response, context, options.metrics, (performance.now() - startedAt) / 1000);
    });
    next();
  };
}

function finish(
  request: Request,
  response: Response,
  context: RequestContext,
  metrics: Metrics,
  seconds: number,
): void {
  const { caller, operation } = context;
  // A client that left before the answer is told apart, as nginx does.
  const status = response.writableFinished ? response.statusCode : 499;
  const operationId = operation?.operationId ?? 'none';
  metrics.countRequest({ operationId, status, caller: callerKind(caller) }, seconds);
  context.logger[operation ? 'info' : 'debug'](
    {
      method: request.method,
      path: request.path,
      operationId,
      status,
      milliseconds: Math.round(seconds * 1e4) / 10,
      ...(caller && caller.kind !== 'local' ? { subject: caller.subject } : {}),
    },
    'request',
  );
}

function readRequestId(request: Request): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}
