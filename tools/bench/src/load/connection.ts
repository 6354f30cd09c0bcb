import { connect, type Socket } from 'node:net';

/** Nobody waits longer for an answer, in milliseconds. */
const answerTimeoutMs = 60_000;

/** One answer. The body is bytes of its own. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/**
 * One kept-alive HTTP/1.1 connection with one request under way at a time. It does what a measurement needs and no more, as it
 * shares the processors with what it measures: it understands answers with a Content-Length and those without a body, which
 * is all that our services send to such requests, and fails loudly at anything else.
 */
export class Connection {
  readonly #socket: Socket;
  #waiting: Waiting | undefined;
  #chunks: Buffer[] = [];
  #received = 0;
  #needed = 0;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setTimeout(answerTimeoutMs, () => {
      if (this.#waiting) socket.destroy(new Error(`no answer within ${answerTimeoutMs / 1000} s`));
    });
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  static open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  /** Sends a whole request, as `requestText` makes it. */
  send(text: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      if (this.#waiting) return reject(new Error('the connection has a request under way'));
      this.#waiting = { resolve, reject };
      this.#socket.write(text);
    });
  }

  /** False once it can send nothing any more: a server hangs up on who is silent for long. */
  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#received < this.#needed) return;
    const data = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    try {
      const head = readHead(data);
      this.#needed = head === undefined ? 0 : head.size;
      if (head === undefined || data.length < head.size) {
        this.#chunks = [data];
        return;
      }
      if (data.length > head.size) throw new Error('the server sent more than was asked for');
      this.#chunks = [];
      this.#received = 0;
      this.#needed = 0;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.resolve({ status: head.status, body: data.subarray(head.bodyAt) });
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}

/** What a request needs beside its body. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request as it goes over the wire. */
export function requestText({ method, path, token, headers = {} }: RequestHead, body?: unknown): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: bench', `Authorization: Bearer ${token}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body === undefined) return `${lines.join('\r\n')}\r\n\r\n`;
  const text = JSON.stringify(body);
  lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`);
  return `${lines.join('\r\n')}\r\n\r\n${text}`;
}

const headEnd = Buffer.from('\r\n\r\n');

/** Reads the head of an answer; undefined while it is incomplete. Throws at what this client does not understand. */
export function readHead(
  data: Buffer,
): { readonly status: number; readonly bodyAt: number; readonly size: number } | undefined {
  const end = data.indexOf(headEnd);
  if (end < 0) return undefined;
  const head = data.toString('latin1', 0, end);
  const status = Number(head.slice(9, 12));
  if (!head.startsWith('HTTP/1.1 ') || !Number.isInteger(status))
    throw new Error(`no HTTP: ${head.slice(0, 40)}`);
  const bodyAt = end + headEnd.length;
  if (status === 204 || status === 304) return { status, bodyAt, size: bodyAt };
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer ${status} without Content-Length`);
  return { status, bodyAt, size: bodyAt + Number(length) };
}
