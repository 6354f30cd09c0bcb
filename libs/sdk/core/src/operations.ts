/** One operation of an API's specification, as far as sending it needs to know. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path as the specification has it: `/v1/ports/{portId}`. */
  readonly path: string;
  /** Whether the operation takes an `Idempotency-Key` header, which makes it safe to send again. */
  readonly takesIdempotencyKey?: boolean;
}

/** An API's operations by `operationId`. */
export type OperationTable = Readonly<Record<string, Operation>>;

/** An operation together with its name. */
export interface KnownOperation extends Operation {
  readonly operationId: string;
}

/** Finds the operation that a method and a path (without base and query) belong to. */
export function operationFinder(
  table: OperationTable,
): (method: string, path: string) => KnownOperation | undefined {
  const known = Object.entries(table).map(([operationId, operation]) => ({
    pattern: new RegExp(`^${operation.path.replace(/\{[^}]+\}/g, '[^/]+')}$`),
    operation: { operationId, ...operation },
  }));
  return (method, path) =>
    known.find(({ pattern, operation }) => operation.method === method && pattern.test(path))?.operation;
}
