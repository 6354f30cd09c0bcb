import { v7 as uuidv7 } from 'uuid';
import type { ApiApp } from '../app.ts';
import type { Authenticator } from '../auth.ts';
import { roleLadder, serviceScopes } from '../caller.ts';
import { readDocument, type Operation } from '../document.ts';
import { handledOperations } from '../operations.ts';
import { recordingAgent, type RecordingAgent } from './recording-agent.ts';
import type { TestIssuer } from './tokens.ts';

export interface StandardProblemOptions {
  /** Name of the document, as for `recordingAgent`. */
  readonly api: string;
  readonly document: unknown;
  /** Builds the app under test around an authenticator; everything else as in production. */
  createApp(auth: Authenticator): Promise<ApiApp>;
  /** What the app is built with otherwise: whose tokens it takes, or the local authenticator. */
  readonly auth: { readonly issuer: TestIssuer; readonly audience: string } | Authenticator;
  /** A body of more bytes than this is too large for the app; 1 MiB unless given. */
  readonly bodyLimitBytes?: number | undefined;
}

interface Attempt {
  readonly code: string;
  readonly agent: RecordingAgent;
  readonly token?: string | undefined;
  readonly query?: string | undefined;
  readonly body?: { readonly type: string; readonly text: string } | undefined;
}

/**
 * Asks for every problem that the kit itself answers, of every operation that documents it: 400 (`malformed-json`,
 * `invalid-request`), 401, 403, 413, 415, and 500 and 503 by an authenticator that fails. Each answer is checked and
 * recorded as by `recordingAgent`. Throws with all that was not as documented.
 */
export async function exerciseStandardProblems(options: StandardProblemOptions): Promise<void> {
  const { auth } = options;
  const isLocal = 'kind' in auth;
  const authenticator = isLocal ? auth : auth.issuer.authenticator(auth.audience);
  const failing = (error: Error): Authenticator => ({
    kind: authenticator.kind,
    authenticate: () => Promise.reject(error),
  });
  const agentOf = async (use: Authenticator) =>
    recordingAgent((await options.createApp(use)).app, options.api, options.document);
  const agent = await agentOf(authenticator);
  const broken = await agentOf(failing(new Error('broken on purpose')));
  const away = await agentOf(failing(Object.assign(new Error('away on purpose'), { code: '57P01' })));
  const failures: string[] = [];
  for (const operation of handledOperations(readDocument(options.document))) {
    const tokens = isLocal ? { good: undefined, poor: undefined } : await tokensFor(operation, auth);
    const [type = 'application/json'] = operation.requestMediaTypes;
    const large = `"${'x'.repeat(options.bodyLimitBytes ?? 1024 * 1024)}"`;
    const attempts: Attempt[] = [
      { code: 'internal-error', agent: broken },
      { code: 'service-unavailable', agent: away },
      { code: 'unauthenticated', agent },
      { code: 'forbidden', agent, token: tokens.poor },
      {
        code: 'invalid-request',
        agent,
        token: tokens.good,
        query: '?no-such-parameter=1',
        body: { type, text: '{}' },
      },
      { code: 'malformed-json', agent, token: tokens.good, body: { type, text: '{' } },
      { code: 'payload-too-large', agent, token: tokens.good, body: { type, text: large } },
      { code: 'unsupported-media-type', agent, token: tokens.good, body: { type: 'text/plain', text: 'x' } },
    ];
    for (const attempt of attempts.filter(({ code }) => operation.problemCodes.includes(code))) {
      const failure = await tryOne(operation, attempt);
      if (failure !== undefined) failures.push(failure);
    }
  }
  if (failures.length > 0) throw new Error(failures.join('\n'));
}

async function tryOne(
  operation: Operation,
  { code, agent, token, query = '', body }: Attempt,
): Promise<string | undefined> {
  const path = operation.path.replaceAll(/\{[^}]*\}/g, () => uuidv7()) + query;
  const request = send(agent, operation.method, path);
  if (token !== undefined) void request.set('authorization', `Bearer ${token}`);
  if (body && operation.requestMediaTypes.length > 0)
    void request.set('content-type', body.type).send(body.text);
  try {
    const response = await request;
    return response.body.code === code
      ? undefined
      : `${operation.operationId}: ${response.status} ${response.text}, not ${code}`;
  } catch (error) {
    return `${operation.operationId}: ${code}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function send(agent: RecordingAgent, method: string, path: string) {
  if (method === 'GET') return agent.get(path);
  if (method === 'POST') return agent.post(path);
  if (method === 'PUT') return agent.put(path);
  return method === 'PATCH' ? agent.patch(path) : agent.delete(path);
}

/** A token that the operation lets in, and one of the same kind that it does not. */
async function tokensFor(
  operation: Operation,
  { issuer, audience }: { issuer: TestIssuer; audience: string },
) {
  const [alternative] = operation.security;
  if (alternative?.scheme === 'serviceToken') {
    const scope =
      serviceScopes.find((candidate) => alternative.needs.includes(candidate)) ?? serviceScopes[0];
    const wrong = serviceScopes.find((candidate) => candidate !== scope) ?? serviceScopes[1];
    const token = (given: typeof scope) => issuer.serviceToken({ scope: given, host: 'test-host', audience });
    return { good: await token(scope), poor: await token(wrong) };
  }
  const user = (roles: typeof roleLadder | []) => issuer.userToken({ projectId: uuidv7(), audience, roles });
  return { good: await user(roleLadder), poor: await user([]) };
}
