import {
  AssignmentsApi,
  Configuration,
  FetchError,
  HostApi,
  problemCodes,
  ResponseError,
  type Assignment,
  type AssignmentChangeList,
  type HostRegistration,
  type InstanceReport,
  type RegisteredHost,
} from './generated/index.ts';

/** What compute-host asks of compute-api. */
export interface ComputeService {
  registerHost(registration: HostRegistration, signal: AbortSignal): Promise<RegisteredHost>;
  sendHeartbeat(signal: AbortSignal): Promise<void>;
  /** All of this host's assignments, and the cursor from which the feed goes on. */
  listAssignments(
    signal: AbortSignal,
  ): Promise<{ readonly assignments: Assignment[]; readonly cursor: string }>;
  /** What changed after the cursor; waits so long for something to change. */
  followAssignments(cursor: string, waitSeconds: number, signal: AbortSignal): Promise<AssignmentChangeList>;
  /** Undefined when the instance is not (or no longer) this host's. */
  getAssignment(instanceId: string, signal: AbortSignal): Promise<Assignment | undefined>;
  reportStatus(instanceId: string, report: InstanceReport, signal: AbortSignal): Promise<void>;
}

type ProblemCode = keyof typeof problemCodes;

/** compute-api refused, failed, or could not be reached: the `code` is its problem's, or undefined without an answer of its own. */
export class ComputeCallError extends Error {
  readonly code: ProblemCode | undefined;

  constructor(message: string, code: ProblemCode | undefined, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'ComputeCallError';
    this.code = code;
  }
}

/** A page of assignments is as large as the API allows. */
const pageSize = 200;
/** How long an answer may take beyond what it was asked to wait, in milliseconds. */
const answerDeadlineMs = 15_000;

/** compute-api's southbound listener. */
export class RemoteComputeService implements ComputeService {
  readonly #host: HostApi;
  readonly #assignments: AssignmentsApi;

  /** @param options.accessToken is asked before every request */
  constructor(options: { readonly url: string; readonly accessToken: () => Promise<string> }) {
    const configuration = new Configuration({
      basePath: options.url.replace(/\/+$/, ''),
      accessToken: options.accessToken,
    });
    this.#host = new HostApi(configuration);
    this.#assignments = new AssignmentsApi(configuration);
  }

  registerHost(hostRegistration: HostRegistration, signal: AbortSignal) {
    return call(signal, 0, (init) => this.#host.registerHost({ hostRegistration }, init));
  }

  sendHeartbeat(signal: AbortSignal) {
    return call(signal, 0, (init) => this.#host.sendHeartbeat(init));
  }

  async listAssignments(signal: AbortSignal) {
    const assignments: Assignment[] = [];
    let firstCursor: string | undefined;
    let pageToken: string | undefined;
    for (;;) {
      const place = pageToken === undefined ? {} : { pageToken };
      const page = await call(signal, 0, (init) =>
        this.#assignments.listAssignments({ limit: pageSize, ...place }, init),
      );
      assignments.push(...page.items);
      firstCursor ??= page.cursor;
      if (page.nextPageToken === undefined) return { assignments, cursor: firstCursor };
      pageToken = page.nextPageToken;
    }
  }

  followAssignments(cursor: string, waitSeconds: number, signal: AbortSignal) {
    return call(signal, waitSeconds * 1000, (init) =>
      this.#assignments.followAssignments({ cursor, waitSeconds, limit: pageSize }, init),
    );
  }

  async getAssignment(instanceId: string, signal: AbortSignal) {
    try {
      return await call(signal, 0, (init) => this.#assignments.getAssignment({ instanceId }, init));
    } catch (cause) {
      if (cause instanceof ComputeCallError && cause.code === 'assignment-not-found') return undefined;
      throw cause;
    }
  }

  reportStatus(instanceId: string, instanceReport: InstanceReport, signal: AbortSignal) {
    return call(signal, 0, (init) =>
      this.#assignments.reportInstanceStatus({ instanceId, instanceReport }, init),
    );
  }
}

async function call<Answer>(
  signal: AbortSignal,
  waitMs: number,
  send: (init: RequestInit) => Promise<Answer>,
): Promise<Answer> {
  const deadline = AbortSignal.timeout(waitMs + answerDeadlineMs);
  try {
    return await send({ signal: AbortSignal.any([signal, deadline]) });
  } catch (cause) {
    throw await explain(cause, deadline);
  }
}

async function explain(cause: unknown, deadline: AbortSignal): Promise<ComputeCallError> {
  if (cause instanceof ResponseError) return explainAnswer(cause);
  if (deadline.aborted)
    return new ComputeCallError('compute-api did not answer in time', undefined, { cause });
  const root = cause instanceof FetchError ? cause.cause : cause;
  const detail =
    root instanceof Error ? (root.cause instanceof Error ? root.cause.message : root.message) : String(root);
  return new ComputeCallError(`compute-api can not be asked: ${detail}`, undefined, { cause });
}

async function explainAnswer(cause: ResponseError): Promise<ComputeCallError> {
  const { status } = cause.response;
  let problem: unknown;
  try {
    problem = await cause.response.json();
  } catch {
    // Not from compute-api itself, perhaps from a proxy before it.
    return new ComputeCallError(`something answered ${status} in compute-api's place`, undefined, { cause });
  }
  const [code, detail] = [textOf(problem, 'code'), textOf(problem, 'detail')];
  return new ComputeCallError(
    `compute-api answered ${status}: ${detail ?? 'no detail'}`,
    code !== undefined && isProblemCode(code) ? code : undefined,
    { cause },
  );
}

function textOf(document: unknown, member: string): string | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const value: unknown = Reflect.get(document, member);
  return typeof value === 'string' ? value : undefined;
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemCodes, code);
}
