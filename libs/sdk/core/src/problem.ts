/** One wrong place in a request, as a problem document lists it. */
export interface ProblemLocation {
  /** JSON pointer (RFC 6901) into the body, or `/query/<name>`, `/path/<name>`, `/header/<name>`. */
  readonly pointer: string;
  readonly detail: string;
}

/** An error document (RFC 9457) as both APIs send it. Programs decide by `code`, people read `detail`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly ProblemLocation[];
  /** The request's id, as found in the service's log. */
  readonly instance?: string;
}

/** The codes that an API can give, as generated from its specification. */
export type ProblemTable = Readonly<Record<string, { readonly status: number; readonly title: string }>>;

/** Reads a problem document from a parsed answer; undefined when the answer is something else (a proxy's page, say). */
export function readProblem(value: unknown): Problem | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, title, status, code, detail, errors, instance } = value as Record<string, unknown>;
  if (typeof code !== 'string' || typeof status !== 'number') return undefined;
  return {
    type: typeof type === 'string' ? type : 'about:blank',
    title: typeof title === 'string' ? title : code,
    status,
    code,
    detail: typeof detail === 'string' ? detail : '',
    ...(Array.isArray(errors) ? { errors: errors.filter(isLocation) } : {}),
    ...(typeof instance === 'string' ? { instance } : {}),
  };
}

function isLocation(value: unknown): value is ProblemLocation {
  if (typeof value !== 'object' || value === null) return false;
  const { pointer, detail } = value as Record<string, unknown>;
  return typeof pointer === 'string' && typeof detail === 'string';
}
