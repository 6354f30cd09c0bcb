import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundle as bundleDocument, createConfig } from '@redocly/openapi-core';
import { parse } from 'yaml';
import { withProblems, type Json, type JsonObject, type ProblemCodeTable } from './standard-problems.ts';
import { root, type Api } from './targets.ts';

const readYaml = async (path: string): Promise<Json> =>
  parse(await readFile(join(root, path), 'utf8')) as Json;

/** The one table of problem codes. */
export async function readProblemCodes(): Promise<ProblemCodeTable> {
  return (await readYaml('openapi/common/problem-codes.yaml')) as unknown as ProblemCodeTable;
}

/** One API's document as a single object, with its problem responses filled in. Reads `openapi/`, writes nothing. */
export async function bundleApi(api: Api): Promise<JsonObject> {
  const { bundle, problems } = await bundleDocument({
    ref: join(root, `openapi/${api}/root.yaml`),
    config: await createConfig({}),
    removeUnusedComponents: true,
  });
  if (problems.length > 0) {
    throw new Error(`${api}: ${problems.map((problem) => problem.message).join('\n')}`);
  }
  // A document made of YAML, `as` JSON after a round trip that drops what JSON does not have.
  const document = JSON.parse(JSON.stringify(bundle.parsed)) as JsonObject;
  const problemSchemas = (await readYaml('openapi/common/problem.yaml')) as JsonObject;
  return withProblems(document, await readProblemCodes(), problemSchemas);
}

/** A document as it is committed. */
export const asText = (document: JsonObject): string => `${JSON.stringify(document, null, 2)}\n`;
