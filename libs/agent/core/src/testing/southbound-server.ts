import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  AgentReport,
  BindingClaim,
  BindingReport,
  HoldingsReport,
  ProblemCode,
} from '@patchpanel/contract-network-southbound';
import { problemCodes } from '../generated/problem-codes.ts';
import { NetworkModel, Refusal } from './network-model.ts';
import { specGuard } from './spec-guard.ts';

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** The network service's southbound API over HTTP, as its document says, with a model of its rules behind. */
export interface SouthboundServer {
  readonly url: string;
  readonly model: NetworkModel;
  /** The token that is taken. */
  token: string;
  /** Refuses requests of its choice, after the token was taken. */
  refuse: ((operationId: string, parameters: Record<string, string>) => ProblemCode | undefined) | undefined;
  /** Requests so far: `operationId status`. */
  readonly requests: string[];
  /** What of the fake departed from the document: must stay empty. */
  readonly departures: string[];
  /** Nobody listens any more: connections are refused. */
  stop(): Promise<void>;
  /** Listens again, at the same address. */
  resume(): Promise<void>;
  /** Requests are taken, but not answered, until `answer` is called. */
  hang(): void;
  answer(): void;
  close(): Promise<void>;
}

const pageSize = 2;

/** One for all servers: compiling its schemas takes longer than most tests. */
const guard = specGuard(new URL('../../../../../openapi/dist/network-southbound.json', import.meta.url));

export async function startSouthboundServer(token = 'agent-token'): Promise<SouthboundServer> {
  const model = new NetworkModel();
  const departures: string[] = [];
  const requests: string[] = [];
  let gate: { promise: Promise<void>; open: () => void } | undefined;
  let server: Server | undefined;
  let port = 0;

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { operationId, parameters, pointer } = guard.match(request.method ?? '', url.pathname);
    const body = await readBody(request);
    await gate?.promise;
    const answer = await answerOf(async () => {
      if (request.headers.authorization !== `Bearer ${fake.token}`) throw new Refusal('unauthenticated');
      guard.checkRequest(pointer, body);
      const refusal = fake.refuse?.(operationId, parameters);
      if (refusal !== undefined) throw new Refusal(refusal);
      return serve(model, { operationId, parameters, query: url.searchParams, body, signal: gone.signal });
    });
    requests.push(`${operationId} ${answer.status}`);
    guard.checkAnswer(pointer, answer.status, answer.body);
    const contentType = answer.status < 400 ? 'application/json' : 'application/problem+json';
    response.writeHead(answer.status, { 'content-type': contentType, ...answer.headers });
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  };

  const listen = async () => {
    server = createServer((request, response) => {
      handle(request, response).catch((error: unknown) => {
        departures.push(error instanceof Error ? error.message : String(error));
        response.destroy();
      });
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };

  const stop = async () => {
    const stopping = server;
    server = undefined;
    if (stopping === undefined) return;
    stopping.close();
    stopping.closeAllConnections();
    await once(stopping, 'close');
  };

  const fake: SouthboundServer = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    model,
    token,
    refuse: undefined,
    requests,
    departures,
    stop,
    resume: listen,
    hang: () => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      gate = { promise: promise.then(() => undefined), open: () => resolve(undefined) };
    },
    answer: () => {
      gate?.open();
      gate = undefined;
    },
    close: async () => {
      gate?.open();
      await stop();
    },
  };
  await listen();
  return fake;
}

interface Call {
  readonly operationId: string;
  readonly parameters: Record<string, string>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

async function serve(model: NetworkModel, call: Call): Promise<Answer> {
  const { parameters, query } = call;
  const bindingId = parameters['bindingId'] ?? '';
  switch (call.operationId) {
    case 'reportAgent':
      return { status: 200, body: model.attend(call.body as AgentReport) };
    case 'reportHoldings':
      model.hold(call.body as HoldingsReport);
      return { status: 204 };
    case 'resolveAttachment': {
      const key = { projectId: parameters['projectId'] ?? '', vnicId: parameters['vnicId'] ?? '' };
      return { status: 200, body: model.resolve(key) };
    }
    case 'claimBinding': {
      const { binding, isNew } = model.claim(call.body as BindingClaim);
      const headers = { location: `/v1/bindings/${binding.id}` };
      return isNew ? { status: 201, body: binding, headers } : { status: 200, body: binding };
    }
    case 'listBindings':
      return { status: 200, body: pageOf(model, query.get('pageToken')) };
    case 'getBinding':
      return { status: 200, body: model.get(bindingId) };
    case 'reportBindingStatus':
      return { status: 200, body: model.report(bindingId, call.body as BindingReport) };
    case 'releaseBinding': {
      const placement = query.get('placement');
      model.release(bindingId, placement === null ? undefined : Number(placement));
      return { status: 204 };
    }
    case 'followChanges': {
      const wait = AbortSignal.timeout(Number(query.get('waitSeconds') ?? 0) * 1000);
      const signal = AbortSignal.any([wait, call.signal]);
      return { status: 200, body: await model.changes(query.get('cursor') ?? model.cursor(), signal) };
    }
    default:
      throw new Error(`${call.operationId} is not served here`);
  }
}

/** Small pages, so that every test with a few bindings has more than one. */
function pageOf(model: NetworkModel, pageToken: string | null) {
  const start = Number(pageToken ?? 0);
  const all = model.bindings();
  const next = start + pageSize;
  return {
    items: all.slice(start, next),
    ...(next < all.length ? { nextPageToken: String(next) } : {}),
    cursor: model.cursor(),
  };
}

async function answerOf(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code } = error;
    const { status, title } = problemCodes[code];
    const body = { type: `/problems/${code}`, title, status, code, detail: `The fake says ${code}.` };
    return { status, body };
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return chunks.length === 0 ? undefined : (JSON.parse(Buffer.concat(chunks).toString()) as unknown);
}
