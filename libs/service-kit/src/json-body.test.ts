import { gzipSync } from 'node:zlib';
import express, { type ErrorRequestHandler } from 'express';
import supertest from 'supertest';
import { describe, expect, it } from 'vitest';
import type { Operation } from './document.ts';
import { bodyProblem, readJsonBody } from './json-body.ts';
import { Problem } from './problem.ts';
import { toProblem } from './request-errors.ts';

const operation: Operation = {
  operationId: 'createThing',
  method: 'POST',
  path: '/',
  security: [],
  requestMediaTypes: ['application/json'],
  isBodyRequired: true,
  integerParameters: [],
  parameterSegments: [],
  problemCodes: [],
  definition: {},
};

const answerProblem: ErrorRequestHandler = (error, _request, response, _next) => {
  const problem = toProblem(error);
  response.status(problem.status).json(problem.toDocument());
};
const app = express();
app.use(readJsonBody(1000)(operation));
app.use((request, response) => void response.json(request.body));
app.use(answerProblem);

const post = (body: string | Buffer, headers: Record<string, string> = {}) => {
  const request = supertest(app).post('/').set('content-type', 'application/json').set(headers);
  if (typeof body === 'string') return request.send(body);
  request.write(body);
  return request;
};

describe('a JSON body', () => {
  it.each([
    ['gzip', '{"name":"plain"}'],
    ['gzip', gzipSync('{"name":"really"}')],
    ['deflate', '{}'],
    ['br', '{}'],
    ['nonsense', '{}'],
  ])('with the content encoding %s is refused', async (encoding, body) => {
    const answer = await post(body, { 'content-encoding': encoding }).expect(415);
    expect(answer.body.code).toBe('unsupported-media-type');
    expect(answer.body.detail).toContain('content encoding');
  });

  it('may say that it has no encoding', async () => {
    await post('{"name":"plain"}', { 'content-encoding': 'identity' }).expect(200, { name: 'plain' });
  });

  it.each(['entity.verify.failed', 'something.new'])(
    'that the parser refuses with %s is malformed, never a failure of the service',
    (type) => {
      const found = bodyProblem(Object.assign(new Error('no'), { type, status: 400 }), 1000);
      expect(found).toBeInstanceOf(Problem);
      expect(found).toMatchObject({ code: 'malformed-json', status: 400 });
    },
  );

  it('leaves what the parser itself got wrong a failure of the service', () => {
    const error = Object.assign(new Error('stream is not readable'), { status: 500 });
    expect(bodyProblem(error, 1000)).toBe(error);
  });
});
