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

  /** What the caller sees. */
  toDocument(): ProblemDocument {
    return {
      type: `/problems/${this.code}`,
      title: this.title,
      status: this.status,
      code: this.code,
      detail: this.detail,
      ...(this.errors && this.errors.length > 0 ? { errors: this.errors } : {}),
    };
  }
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
