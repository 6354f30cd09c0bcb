import { appendFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Express } from 'express';
import supertest, { type Response, type Test } from 'supertest';
import { readDocument, type ApiDocument } from '../document.ts';
import { systemPaths } from '../operations.ts';
import { responseChecker, type ObservedResponse } from './response-checker.ts';

/** An answered operation, as written to the coverage file (one JSON object per line). */
export interface CoverageRecord {
  /** Name of the document: `network` for `openapi/dist/network.json`. */
  readonly api: string;
  readonly operationId: string;
  readonly status: number;
}

type Request = (path: string) => Test;

/** supertest, with every response held against the document and recorded. */
export interface RecordingAgent {
  readonly get: Request;
  readonly post: Request;
  readonly put: Request;
  readonly patch: Request;
  readonly delete: Request;
  readonly head: Request;
  readonly options: Request;
  readonly document: ApiDocument;
}

/**
 * Wraps an app (an express app, a server, `http://host:port`, or `http+unix://…` for a socket). A response that departs
 * from the document fails the test that made the request. `api` is the document's name, as in the file name of its bundle.
 * Records go to PATCHPANEL_COVERAGE_FILE, when it is set.
 */
export function recordingAgent(
  target: Express | Server | string,
  api: string,
  document: unknown,
): RecordingAgent {
  const read = readDocument(document);
  const checker = responseChecker(read);
  const check = (response: Response) => {
    const observed = observe(response);
    const { operationId, mistakes } = checker.check(observed);
    const isSystem = systemPaths.some(
      (path) => observed.path === path || observed.path.startsWith(`${path}/`),
    );
    if (mistakes.length > 0 && !isSystem) {
      const call = `${observed.method} ${observed.path} → ${observed.status}`;
      throw new Error(
        `${call} departs from the document: ${mistakes.join('; ')}\n${observed.text.slice(0, 2000)}`,
      );
    }
    if (operationId !== undefined) record({ api, operationId, status: observed.status });
  };
  const agent = supertest(target);
  return {
    document: read,
    get: (path) => agent.get(path).expect(check),
    post: (path) => agent.post(path).expect(check),
    put: (path) => agent.put(path).expect(check),
    patch: (path) => agent.patch(path).expect(check),
    delete: (path) => agent.delete(path).expect(check),
    head: (path) => agent.head(path).expect(check),
    options: (path) => agent.options(path).expect(check),
  };
}

function observe(response: Response): ObservedResponse {
  const request = response.request.req;
  if (!('path' in request)) throw new Error('the response has no Node request: is this a browser?');
  const contentType: unknown = response.headers['content-type'];
  return {
    method: request.method,
    path: request.path,
    status: response.status,
    contentType:
      typeof contentType === 'string' ? contentType.split(';')[0]?.trim().toLowerCase() : undefined,
    headers: response.headers,
    text: response.text,
  };
}

function record(entry: CoverageRecord): void {
  const file = process.env['PATCHPANEL_COVERAGE_FILE'];
  if (file) appendFileSync(file, `${JSON.stringify(entry)}\n`);
}
