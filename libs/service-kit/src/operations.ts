import type { Logger } from 'pino';
import type { Caller, LocalCaller, ServiceCaller, UserCaller } from './caller.ts';
import type { ApiDocument, Operation } from './document.ts';
import type { IdempotencyClaim } from './idempotency.ts';

/** Types of what an operation takes; the document says the same, and the validator has checked it. */
export interface RequestShape {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
}

type Field<Shape extends RequestShape, Name extends keyof RequestShape, Otherwise> =
  Shape extends Record<Name, infer Type> ? Type : Otherwise;

type Nothing = Readonly<Record<string, never>>;

/** A validated request, as handlers see it. */
export interface OperationRequest<Shape extends RequestShape = RequestShape, Who extends Caller = Caller> {
  readonly operationId: string;
  readonly params: Field<Shape, 'params', Nothing>;
  readonly query: Field<Shape, 'query', Nothing>;
  readonly body: Field<Shape, 'body', undefined>;
  readonly caller: Who;
  /** The `If-Match` header, for `checkIfMatch`. */
  readonly ifMatch: string | undefined;
  /** From the `Idempotency-Key` header, for `idempotently`. */
  readonly idempotency: IdempotencyClaim | undefined;
  /** Request headers by lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Whether the operation documents `text/event-stream` as an answer, and the caller would rather have that than JSON. */
  readonly prefersEventStream: boolean;
  /** When the caller's token ends, in milliseconds since 1970: an answer that outlasts it has to end. */
  readonly tokenEndsAt: number | undefined;
  /** Aborted when nobody waits for the answer any more, or when the process is stopping: ends long polls. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** The answer: `ETag` comes from `body.revision` by itself, where the document has it; give `location` with a 201. */
export interface OperationResponse {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of a body: text that is sent as it comes. Give its `content-type`. */
  readonly stream?: AsyncIterable<string>;
}

/** Which callers an operation's handler is written for; compared with the document's `security` at start. */
export type CallerKind = Caller['kind'] | 'any';

/** A handler as registered: made by `userOperation`, `serviceOperation` or `localOperation`. */
export interface RegisteredOperation {
  readonly takes: CallerKind;
  handle(request: UncheckedRequest): Promise<OperationResponse>;
}

/** A request before its operation's types are known. */
export interface UncheckedRequest extends Omit<OperationRequest, 'params' | 'query' | 'body'> {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** Handlers by operationId. */
export type OperationHandlers = Readonly<Record<string, RegisteredOperation>>;

type Handler<Shape extends RequestShape, Who extends Caller> = (
  request: OperationRequest<Shape, Who>,
) => Promise<OperationResponse>;

/** An operation for users (`security: userToken`): `userOperation<{ params: { portId: string } }>(async ({ params, caller }) => …)`. */
export function userOperation<Shape extends RequestShape>(
  handler: Handler<Shape, UserCaller>,
): RegisteredOperation {
  return register('user', handler);
}

/** An operation for agents or hosts (`security: serviceToken`). */
export function serviceOperation<Shape extends RequestShape>(
  handler: Handler<Shape, ServiceCaller>,
): RegisteredOperation {
  return register('service', handler);
}

/** An operation of an API on a unix socket, where nobody shows a token (`security: []`). */
export function localOperation<Shape extends RequestShape>(
  handler: Handler<Shape, LocalCaller>,
): RegisteredOperation {
  return register('local', handler);
}

function register<Shape extends RequestShape, Who extends Caller>(
  takes: CallerKind,
  handler: Handler<Shape, Who>,
): RegisteredOperation {
  return {
    takes,
    // The checked boundary: the validator has held the request against the document, `checkHandlers` the caller's kind
    // against its security, and `authorize` the caller against both.
    handle: (request) => handler(request as unknown as OperationRequest<Shape, Who>),
  };
}

/** Paths that the kit serves itself, documented or not. */
export const systemPaths: readonly string[] = ['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs'];

/** The document's operations that need a handler: all but the kit's own. */
export function handledOperations(document: ApiDocument): readonly Operation[] {
  return document.operations.filter((operation) => !systemPaths.includes(operation.path));
}

/**
 * Throws unless operations and handlers are the same set, every operation demands a token (or none does, on a socket),
 * and each handler is written for the callers that the document lets in.
 */
export function checkHandlers(
  document: ApiDocument,
  handlers: OperationHandlers,
  options: { isLocal: boolean },
): void {
  const operations = handledOperations(document);
  const ids = new Set(operations.map((operation) => operation.operationId));
  const mistakes = [
    ...operations
      .filter(({ operationId }) => !handlers[operationId])
      .map(({ operationId }) => `${operationId} has no handler`),
    ...Object.keys(handlers)
      .filter((id) => !ids.has(id))
      .map((id) => `handler ${id} is no operation of the document`),
    ...operations.flatMap((operation) =>
      callerMistakes(operation, handlers[operation.operationId], options.isLocal),
    ),
  ];
  if (mistakes.length > 0) throw new Error(`${document.title}: ${mistakes.join('; ')}`);
}

function callerMistakes(
  operation: Operation,
  handler: RegisteredOperation | undefined,
  isLocal: boolean,
): string[] {
  const { operationId, security } = operation;
  if (isLocal) return security.length > 0 ? [`${operationId} demands a token, but this API is local`] : [];
  if (security.length === 0) return [`${operationId} demands no token`];
  return security.flatMap(({ scheme, needs }) => {
    const kind = scheme === 'userToken' ? 'user' : scheme === 'serviceToken' ? 'service' : undefined;
    if (!kind) return [`${operationId} names the unknown security scheme ${scheme}`];
    if (needs.length === 0) return [`${operationId} demands no role or scope of ${scheme}`];
    if (handler && handler.takes !== kind)
      return [`${operationId} lets a ${kind} in, but its handler is for a ${handler.takes}`];
    return [];
  });
}
