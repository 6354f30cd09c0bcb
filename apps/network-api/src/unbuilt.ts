/** Operations of the documents that have no room yet: they are not served. */
const unbuilt: readonly string[] = [];

/** The document without them. */
export function withoutUnbuilt(document: { paths: object }): object {
  const paths = Object.entries(document.paths).map(([path, item]: [string, object]): [string, object] => [
    path,
    Object.fromEntries(
      Object.entries(item).filter(
        ([, operation]) => !unbuilt.includes(String((operation as { operationId?: string }).operationId)),
      ),
    ),
  ]);
  return { ...document, paths: Object.fromEntries<object>(paths) };
}
