import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commonProblem } from '../common-problems.ts';
import { userOperation, type OperationHandlers } from '../operations.ts';
import { fixtureApp, fixtureHandlers, fixtureMigrations } from './fixture-api.ts';
import { fixtureDocument } from './fixture-document.ts';
import {
  exerciseStandardProblems,
  mintTokens,
  recordingAgent,
  testDatabase,
  type CoverageRecord,
  type TestDatabase,
  type TestIssuer,
} from './index.ts';

let database: TestDatabase;
let issuer: TestIssuer;
let folder: string;
const before = process.env['PATCHPANEL_COVERAGE_FILE'];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'patchpanel-coverage-'));
  process.env['PATCHPANEL_COVERAGE_FILE'] = join(folder, 'records.jsonl');
  database = await testDatabase({ migrations: fixtureMigrations });
  issuer = await mintTokens();
});
afterAll(async () => {
  if (before === undefined) delete process.env['PATCHPANEL_COVERAGE_FILE'];
  else process.env['PATCHPANEL_COVERAGE_FILE'] = before;
  rmSync(folder, { recursive: true, force: true });
  await database.close();
});

async function answering(handlers: OperationHandlers, validateResponses = false) {
  const auth = issuer.authenticator('network');
  const { app } = await fixtureApp(database, {
    auth,
    validateResponses,
    handlers: { ...fixtureHandlers(database), ...handlers },
  });
  const token = await issuer.userToken({
    projectId: '019a0000-0000-7000-8000-00000000aaaa',
    audience: 'network',
    roles: ['admin'],
  });
  return {
    agent: recordingAgent(app, 'things', fixtureDocument),
    headers: { authorization: `Bearer ${token}` },
  };
}

const thing = {
  id: '019a0000-0000-7000-8000-000000000001',
  name: 'x',
  revision: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
};

describe('the recording agent', () => {
  it.each([
    ['an undocumented status', { status: 202, body: thing }, 'status 202 is not documented'],
    ['a body that does not fit', { status: 200, body: { ...thing, name: 5 } }, 'body/name must be string'],
    [
      'a format that does not fit',
      { status: 200, body: { ...thing, createdAt: '1 January' } },
      'must match format',
    ],
    ['a missing header', { status: 200, body: { ...thing, revision: 'one' } }, 'header ETag is missing'],
  ])('fails the test that meets %s', async (_what, answer, mistake) => {
    const { agent, headers } = await answering({ getThing: userOperation(async () => answer) });
    await expect(agent.get(`/v1/things/${thing.id}`).set(headers)).rejects.toThrow(mistake);
  });

  it('fails the test that meets a problem code which the operation does not list', async () => {
    const { agent, headers } = await answering({
      getThing: userOperation(() =>
        Promise.reject(commonProblem('malformed-json', 'not listed by getThing')),
      ),
    });
    await expect(agent.get(`/v1/things/${thing.id}`).set(headers)).rejects.toThrow(
      'problem malformed-json is not in x-problem-codes',
    );
  });

  it('records what was answered, and nothing else', async () => {
    const { agent, headers } = await answering({}, true);
    await agent.get('/v1/things').set(headers).expect(200);
    await agent.get(`/v1/things/${thing.id}`).set(headers).expect(404);
    await exerciseStandardProblems({
      api: 'things',
      document: fixtureDocument,
      auth: { issuer, audience: 'network' },
      createApp: (auth) => fixtureApp(database, { auth }),
    });
    const lines = readFileSync(join(folder, 'records.jsonl'), 'utf8').trimEnd().split('\n');
    const answered = lines.map((line): CoverageRecord => JSON.parse(line));
    expect(new Set(answered.map(({ api }) => api))).toEqual(new Set(['things']));
    const seen = new Set(answered.map(({ operationId, status }) => `${operationId} ${status}`));
    const documented = agent.document.operations.flatMap(({ operationId, definition }) =>
      Object.keys(Object(definition['responses'])).map((status) => `${operationId} ${status}`),
    );
    expect(documented.filter((pair) => !seen.has(pair)).toSorted()).toEqual([
      'createThing 201',
      'createThing 409',
      'createThing 422',
      'deleteThing 204',
      'deleteThing 404',
      'followEvents 200',
      'followEvents 410',
      'getThing 200',
      'listChanges 200',
      'listChanges 410',
      'updateThing 200',
      'updateThing 404',
      'updateThing 412',
    ]);
  });
});
