import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { callerKind, type Caller } from './caller.ts';
import type { Operation } from './document.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** What is known of a request while it is worked on. Logger and signal are made when somebody asks for them: few do. */
export interface RequestContext {
  readonly requestId: string;
  readonly logger: Logger;
  /** Aborted when nobody waits for the answer any more, or when the process is stopping. */
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
const securityHeaders = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['cache-control', 'no-store'],
] as const;

/** Gives each request an id, a logger and a signal; logs and counts it when it has been answered. */
export function openContext(options: {
  logger: Logger;
  metrics: Metrics;
  stopping: AbortSignal;
}): RequestHandler {
  const { logger, metrics, stopping } = options;
  // Of what a line for a request says nothing could be secret, and looking for that in each would cost more than writing it.
  const accessLog = logger.child({}, { redact: [] });
  return (request, response, next) => {
    const startedAt = performance.now();
    const ended = metrics.requestStarted();
    const requestId = readRequestId(request);
    const context = createContext(requestId, logger, stopping);
    contexts.set(request, context);
    for (const [name, value] of securityHeaders) response.setHeader(name, value);
    response.setHeader('x-request-id', requestId);
    if (stopping.aborted) response.setHeader('connection', 'close');
    response.once('close', () => {
      context.leave();
      ended();
      finish(request, response, context, { accessLog, metrics }, (performance.now() - startedAt) / 1000);
    });
    next();
  };
}

function createContext(
  requestId: string,
  logger: Logger,
  stopping: AbortSignal,
): RequestContext & { leave(): void } {
  let own: Logger | undefined;
  let gone: AbortController | undefined;
  let hasLeft = false;
  const abort = () => gone?.abort();
  return {
    requestId,
    operation: undefined,
    caller: undefined,
    get logger() {
      return (own ??= logger.child({ requestId }));
    },
    get signal() {
      if (!gone) {
        gone = new AbortController();
        stopping.addEventListener('abort', abort, { once: true });
        if (stopping.aborted || hasLeft) abort();
      }
      return gone.signal;
    },
    leave() {
      hasLeft = true;
      if (!gone) return;
      stopping.removeEventListener('abort', abort);
      abort();
    },
  };
}

function finish(
  request: Request,
  response: Response,
  { requestId, caller, operation }: RequestContext,
  { accessLog, metrics }: { readonly accessLog: Logger; readonly metrics: Metrics },
  seconds: number,
): void {
  // A client that left before the answer is told apart, as nginx does.
  const status = response.writableFinished ? response.statusCode : 499;
  const operationId = operation?.operationId ?? 'none';
  metrics.countRequest({ operationId, status, caller: callerKind(caller) }, seconds);
  accessLog[operation ? 'info' : 'debug'](
    {
      requestId,
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
