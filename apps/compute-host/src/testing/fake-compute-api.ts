import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import {
  problemCodes,
  type Assignment,
  type AssignmentChange,
  type HostRegistration,
  type InstanceReport,
} from '../generated/index.ts';

interface Reply {
  readonly status: number;
  readonly document?: object;
}

/** Why a cursor is worth nothing. */
type CursorLoss = 'invalid-cursor' | 'events-compacted';

function refusal(code: keyof typeof problemCodes): Reply {
  const { status, title } = problemCodes[code];
  return { status, document: { type: `/problems/${code}`, title, status, code, detail: title } };
}

/**
 * compute-api's southbound listener at the edge of the tests: assignments in memory and a feed over real HTTP, with a small page
 * size and short waits.
 */
export class FakeComputeApi {
  token = 'first-token';
  heartbeatSeconds = 1;
  registrations: HostRegistration[] = [];
  heartbeats = 0;
  follows = 0;
  readonly reports: (InstanceReport & { readonly instanceId: string })[] = [];
  readonly #assignments = new Map<string, Assignment>();
  #changes: AssignmentChange[] = [];
  /** Cursors are `<epoch>.<position>`; those of another epoch are refused. */
  #epoch = 1;
  #loss: CursorLoss = 'invalid-cursor';
  #isRegistered = false;
  #server: Server | undefined;
  #port = 0;
  readonly #pageSize = 2;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens, after `stop` on the same port again. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch((cause: unknown) =>
        response.destroy(cause instanceof Error ? cause : undefined),
      );
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    // Listening on a TCP port, the address is never a string.
    this.#port = (server.address() as AddressInfo).port;
  }

  /** As when the service is stopped: what is connected is cut off. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  put(assignment: Assignment): void {
    const change = this.#assignments.has(assignment.instanceId) ? 'updated' : 'created';
    this.#assignments.set(assignment.instanceId, assignment);
    this.#tell(assignment.instanceId, change);
  }

  delete(instanceId: string): void {
    this.#assignments.delete(instanceId);
    this.#tell(instanceId, 'deleted');
  }

  /** As a restored database does, or one whose feed was compacted: earlier cursors are worth nothing, and nobody is told what is gone. */
  restore(assignments: readonly Assignment[], loss: CursorLoss = 'invalid-cursor'): void {
    this.#loss = loss;
    this.#epoch += 1;
    this.#changes = [];
    this.#assignments.clear();
    for (const assignment of assignments) this.#assignments.set(assignment.instanceId, assignment);
  }

  forgetHost(): void {
    this.#isRegistered = false;
  }

  latestReport(instanceId: string): InstanceReport | undefined {
    return this.reports.findLast((report) => report.instanceId === instanceId);
  }

  #tell(instanceId: string, change: AssignmentChange['change']): void {
    this.#changes.push({ instanceId, change, revision: 1, occurredAt: new Date().toISOString() });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const reply =
      request.headers.authorization === `Bearer ${this.token}`
        ? await this.#reply(request.method ?? '', new URL(request.url ?? '/', this.url), body)
        : refusal('unauthenticated');
    response.writeHead(reply.status, { 'Content-Type': 'application/json' });
    response.end(reply.document === undefined ? undefined : JSON.stringify(reply.document));
  }

  async #reply(method: string, { pathname, searchParams }: URL, body: string): Promise<Reply> {
    const instanceId = /^\/v1\/assignments\/(?!changes)([^/]+)/.exec(pathname)?.[1] ?? '';
    const assignment = this.#assignments.get(instanceId);
    switch (`${method} ${pathname.replace(/^(\/v1\/assignments\/)(?!changes)[^/]+/, '$1id')}`) {
      case 'PUT /v1/host':
        this.#isRegistered = true;
        this.registrations.push(JSON.parse(body));
        return { status: 200, document: { name: 'host-1', heartbeatSeconds: this.heartbeatSeconds } };
      case 'POST /v1/host/heartbeat':
        if (!this.#isRegistered) return refusal('host-not-registered');
        this.heartbeats += 1;
        return { status: 204 };
      case 'GET /v1/assignments': {
        if (!this.#isRegistered) return refusal('host-not-registered');
        const start = Number(searchParams.get('pageToken') ?? 0);
        const end = start + this.#pageSize;
        const all = [...this.#assignments.values()];
        const more = end < all.length ? { nextPageToken: String(end) } : {};
        return { status: 200, document: { items: all.slice(start, end), cursor: this.#cursor(), ...more } };
      }
      case 'GET /v1/assignments/changes': {
        this.follows += 1;
        const [epoch, position] = (searchParams.get('cursor') ?? '').split('.').map(Number);
        const deadline = performance.now() + Math.min(200, 1000 * Number(searchParams.get('waitSeconds')));
        while (this.#isQuiet(epoch, position) && performance.now() < deadline) await delay(5);
        if (epoch !== this.#epoch) return refusal(this.#loss);
        return {
          status: 200,
          document: { items: this.#changes.slice(position), nextCursor: this.#cursor() },
        };
      }
      case 'GET /v1/assignments/id':
        return assignment === undefined
          ? refusal('assignment-not-found')
          : { status: 200, document: assignment };
      case 'PUT /v1/assignments/id/status': {
        const report: InstanceReport = JSON.parse(body);
        if (assignment === undefined) return refusal('assignment-not-found');
        if (report.placement < assignment.placement) return refusal('stale-placement');
        this.reports.push({ instanceId, ...report });
        if (report.status === 'absent' && assignment.desired === 'absent') this.delete(instanceId);
        return { status: 204 };
      }
      default:
        return refusal('route-not-found');
    }
  }

  #isQuiet(epoch: number | undefined, position: number | undefined): boolean {
    return epoch === this.#epoch && position === this.#changes.length && this.#server !== undefined;
  }

  #cursor(): string {
    return `${this.#epoch}.${this.#changes.length}`;
  }
}
