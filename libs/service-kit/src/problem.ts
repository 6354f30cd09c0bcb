/** One field of a request that is wrong; `pointer` is a JSON pointer into the body, or `/query/…`, `/path/…`, `/header/…`. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** What may accompany a problem. `cause` is for the log and never leaves the process. */
export interface ProblemExtras {
  readonly errors?: readonly FieldError[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly cause?: unknown;
}

/** Status and title of one problem code, as generated from the problem table into each contract. */
export interface ProblemDefinition {
  readonly status: number;
  readonly title: string;
}

/** The wire form (RFC 9457, with a stable `code`). */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly instance?: string;
}

/** The bounds of `openapi/common/problem.yaml`, in characters and in errors. */
const longest = { detail: 4000, pointer: 500, errorDetail: 1000, errors: 100 };

/**
 * An expected failure: raised where it is known, turned into `application/problem+json` in one place.
 * Everything but `cause` and the message of a cause is public.
 */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(fields: ProblemDefinition & { code: string; detail: string } & ProblemExtras) {
    super(
      `${fields.code}: ${fields.detail}`,
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.name = 'Problem';
    this.code = fields.code;
    this.status = fields.status;
    this.title = fields.title;
    this.detail = fields.detail;
    this.errors = fields.errors;
    this.headers = fields.headers ?? {};
  }

  /** What the caller sees, cut to what the documents' `Problem` allows: parts of it may come from the request. */
  toDocument(): ProblemDocument {
    const errors = this.errors?.slice(0, longest.errors).map(({ pointer, detail }) => ({
      pointer: cutPointer(pointer),
      detail: cutText(detail, longest.errorDetail),
    }));
    return {
      type: `/problems/${this.code}`,
      title: this.title,
      status: this.status,
      code: this.code,
      detail: cutText(this.detail, longest.detail),
      ...(errors && errors.length > 0 ? { errors } : {}),
    };
  }
}

function cutText(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`.toWellFormed();
}

/** Cut between two segments: what is left points at what contains the place. */
function cutPointer(pointer: string): string {
  if (pointer.length <= longest.pointer) return pointer;
  return pointer.slice(0, Math.max(pointer.lastIndexOf('/', longest.pointer), 0));
}

/** Makes the problems of one API; the code is checked by the compiler against that API's table. */
export type ProblemFactory<Code extends string> = (
  code: Code,
  detail: string,
  extras?: ProblemExtras,
) => Problem;

/**
 * The problem factory of one API, from the table in its contract:
 * `const problem = defineProblems(problemCodes); throw problem('port-already-plugged', 'Unplug it first.')`.
 */
export function defineProblems<Code extends string>(
  problemCodes: Readonly<Record<Code, ProblemDefinition>>,
): ProblemFactory<Code> {
  return (code, detail, extras = {}) => {
    const { status, title } = problemCodes[code];
    return new Problem({ code, status, title, detail, ...extras });
  };
}
