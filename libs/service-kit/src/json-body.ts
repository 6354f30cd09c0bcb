import type { IncomingHttpHeaders } from 'node:http';
import express, { type RequestHandler } from 'express';
import { commonProblem } from './common-problems.ts';
import type { Operation } from './document.ts';
import { isRecord } from './opaque.ts';
import type { Problem } from './problem.ts';

/** Deeper nesting than any schema of ours, and shallow enough for every recursive walk. */
const deepestNesting = 64;

/**
 * Reads a JSON body of at most `limitBytes`, when the operation takes one; other media types are refused. Text that
 * PostgreSQL cannot store (NUL, lone surrogates) is refused here, once, for every field. A compressed body is refused too:
 * its size is known only when it has been unpacked, and the bodies of these APIs are small.
 */
export function readJsonBody(limitBytes: number): (operation: Operation) => RequestHandler {
  const parse = express.json({ limit: limitBytes, inflate: false, strict: false, type: () => true });
  return (operation) => (request, response, next) => {
    const refusal = refuseBeforeReading(operation, request.headers);
    if (refusal || operation.requestMediaTypes.length === 0) {
      next(refusal);
      return;
    }
    parse(request, response, (error?: unknown) => {
      next(error === undefined ? refuseText(request.body) : bodyProblem(error, limitBytes));
    });
  };
}

function refuseBeforeReading(operation: Operation, headers: IncomingHttpHeaders): Problem | undefined {
  const { requestMediaTypes, isBodyRequired } = operation;
  if (requestMediaTypes.length === 0) return undefined;
  if (!hasBody(headers)) {
    if (!isBodyRequired) return undefined;
    const detail = `must be given, as ${requestMediaTypes.join(' or ')}`;
    return commonProblem('invalid-request', `Correct the request: the body ${detail}.`, {
      errors: [{ pointer: '', detail }],
    });
  }
  const mediaType = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? 'nothing';
  if (requestMediaTypes.includes(mediaType)) return undefined;
  return commonProblem(
    'unsupported-media-type',
    `Send the body as ${requestMediaTypes.join(' or ')}, not as ${mediaType.slice(0, 100)}.`,
  );
}

function refuseText(body: unknown): Problem | undefined {
  const flaw = findUnstorableText(body);
  if (!flaw) return undefined;
  const place = flaw.pointer === '' ? 'the body' : flaw.pointer;
  return commonProblem('invalid-request', `Correct the request: ${place.slice(0, 200)} ${flaw.detail}.`, {
    errors: [flaw],
  });
}

/** The first text in a value that no database column can hold, or nesting that is too deep. */
export function findUnstorableText(value: unknown): { pointer: string; detail: string } | undefined {
  const pending: { value: unknown; pointer: string; depth: number }[] = [{ value, pointer: '', depth: 0 }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { pointer, depth } = next;
    if (depth > deepestNesting)
      return { pointer: '', detail: `is nested deeper than ${deepestNesting} levels` };
    if (typeof next.value === 'string' && !isStorable(next.value)) {
      return { pointer, detail: 'has a NUL character or an unpaired surrogate' };
    }
    if (typeof next.value !== 'object' || next.value === null) continue;
    for (const [key, field] of Object.entries(next.value)) {
      const place = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (!isStorable(key))
        return { pointer, detail: 'has a key with a NUL character or an unpaired surrogate' };
      pending.push({ value: field, pointer: place, depth: depth + 1 });
    }
  }
  return undefined;
}

function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * What body-parser says is trusted because it came from body-parser: nothing else ran in between. Of what it refuses,
 * nothing is a failure of the service.
 */
export function bodyProblem(error: unknown, limitBytes: number): unknown {
  const { type, status } = isRecord(error) ? error : {};
  switch (type) {
    case 'entity.too.large':
      return commonProblem('payload-too-large', `The body may have at most ${limitBytes} bytes.`, {
        cause: error,
        headers: { connection: 'close' },
      });
    case 'charset.unsupported':
      return commonProblem('unsupported-media-type', 'Send the body in UTF-8.', { cause: error });
    case 'encoding.unsupported':
      return commonProblem('unsupported-media-type', 'Send the body without a content encoding.', {
        cause: error,
      });
    case 'entity.parse.failed':
      return malformed('The body is not valid JSON.', error);
    case 'request.size.invalid':
      return malformed('The body is shorter or longer than its Content-Length.', error);
    case 'request.aborted':
      return malformed('The request ended before its body did.', error);
    default:
      return typeof status === 'number' && status >= 400 && status < 500
        ? malformed('The body cannot be read.', error)
        : error;
  }
}

function malformed(detail: string, cause: unknown): Problem {
  return commonProblem('malformed-json', detail, { cause });
}
