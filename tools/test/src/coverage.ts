import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './root.ts';

/** One answer that an API gave in a contract test. */
interface Seen {
  readonly api: string;
  readonly operationId: string;
  readonly status: number | string;
}

export interface Coverage {
  readonly documented: number;
  /** `network createPort 409`, for each documented answer that no test has seen. */
  readonly missing: readonly string[];
}

/** Compares the answers that the documents in `openapi/dist` promise with those that the tests have seen. */
export function measureCoverage(seenFile: string): Coverage {
  const seen = new Set(existsSync(seenFile) ? readSeen(readFileSync(seenFile, 'utf8')) : []);
  const documented = documentedAnswers();
  return { documented: documented.length, missing: documented.filter((answer) => !seen.has(answer)) };
}

function readSeen(lines: string): string[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Seen)
    .map(({ api, operationId, status }) => `${api} ${operationId} ${status}`);
}

function documentedAnswers(): string[] {
  const folder = join(root, 'openapi/dist');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) =>
      answersOf(basename(file, '.json'), JSON.parse(readFileSync(join(folder, file), 'utf8'))),
    );
}

function answersOf(api: string, document: unknown): string[] {
  if (!isRecord(document) || !isRecord(document['paths'])) return [];
  return Object.values(document['paths'])
    .filter(isRecord)
    .flatMap((path) => Object.values(path))
    .filter(isRecord)
    .flatMap(({ operationId, responses }) =>
      typeof operationId === 'string' && isRecord(responses)
        ? Object.keys(responses).map((status) => `${api} ${operationId} ${status}`)
        : [],
    );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
