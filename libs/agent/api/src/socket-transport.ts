import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Problem } from '@patchpanel/contract-agent';
import { AgentCallError } from './agent-call-error.ts';

/** Far above the largest answer of the API; a peer that sends more is no agent. */
const largestAnswerBytes = 64 * 1024 * 1024;

export interface SocketCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** A member that every answer to this call has: what lacks it is no answer. */
  readonly answerHas: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** JSON over HTTP over a unix socket, with kept-alive connections and one deadline per call. */
export class SocketTransport {
  readonly #socketPath: string;
  readonly #deadlineMilliseconds: number;
  readonly #connections = new Agent({ keepAlive: true, maxSockets: 16, maxFreeSockets: 4 });

  constructor(socketPath: string, deadlineMilliseconds: number) {
    this.#socketPath = socketPath;
    this.#deadlineMilliseconds = deadlineMilliseconds;
  }

  async call<Body>(call: SocketCall, signal: AbortSignal | undefined): Promise<Body> {
    signal?.throwIfAborted();
    const deadline = AbortSignal.timeout(this.#deadlineMilliseconds);
    const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    try {
      // The checked boundary: the agent validates its answers against the document that these types come from.
      return readAnswer(await this.#exchange(call, either), call) as Body;
    } catch (error) {
      signal?.throwIfAborted();
      if (deadline.aborted) {
        throw new AgentCallError(
          'timed-out',
          `The network agent did not answer within ${this.#deadlineMilliseconds} ms.`,
          { cause: error },
        );
      }
      throw error;
    }
  }

  close(): void {
    this.#connections.destroy();
  }

  /** A kept connection may have been closed by a restarted agent while it lay idle: then it is tried once on a new one. */
  async #exchange(call: SocketCall, signal: AbortSignal): Promise<Answer> {
    for (;;) {
      const attempt = this.#send(call, signal);
      try {
        return await attempt.answer;
      } catch (error) {
        if (signal.aborted || !attempt.request.reusedSocket) throw this.#explain(error);
      }
    }
  }

  #send(call: SocketCall, signal: AbortSignal): { request: ClientRequest; answer: Promise<Answer> } {
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const sent = request({
      socketPath: this.#socketPath,
      agent: this.#connections,
      method: call.method,
      path: call.path,
      signal,
      headers: {
        accept: 'application/json, application/problem+json',
        ...(body && { 'content-type': 'application/json', 'content-length': body.length }),
      },
    });
    const answer = new Promise<Answer>((resolve, reject) => {
      sent.once('error', reject);
      sent.once('response', (response) => {
        readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
      });
    });
    sent.end(body);
    return { request: sent, answer };
  }

  #explain(error: unknown): AgentCallError {
    if (error instanceof AgentCallError) return error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const remedies: Record<string, string> = {
      ENOENT: 'The socket is not there: is the network agent running?',
      ECONNREFUSED: 'Nobody listens on the socket: is the network agent running?',
      EACCES:
        'This user may not open the socket: it must be in the group of the folder that the socket is in.',
      ENOTSOCK: 'That is no socket.',
    };
    const remedy = remedies[code];
    if (remedy !== undefined) {
      const message = `The network agent is not reachable at ${this.#socketPath}. ${remedy}`;
      return new AgentCallError('unreachable', message, { cause: error });
    }
    const reason = error instanceof Error ? error.message : String(error);
    return new AgentCallError(
      'connection-lost',
      `The connection to the network agent ended before the answer did: ${reason}.`,
      { cause: error },
    );
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestAnswerBytes) {
      throw new AgentCallError('invalid-answer', `The answer is larger than ${largestAnswerBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readAnswer({ status, text }: Answer, call: SocketCall): object {
  const value = parse(text);
  if (status === 200 && isObject(value) && call.answerHas in value) return value;
  if (status >= 400 && isProblem(value)) {
    throw new AgentCallError('refused', `The network agent refused (${value.code}): ${value.detail}`, {
      problem: value,
    });
  }
  throw new AgentCallError(
    'invalid-answer',
    `${call.method} ${call.path} brought status ${status} and no answer of a network agent.`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // not JSON: no answer of an agent, which the caller says with the status
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isProblem(value: unknown): value is Problem {
  return isObject(value) && typeof value['code'] === 'string' && typeof value['detail'] === 'string';
}
