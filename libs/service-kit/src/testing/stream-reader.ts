/** A message of a stream of server-sent events, as a browser's EventSource would have it. */
export interface StreamMessage {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** An open stream of server-sent events. */
export interface StreamReader {
  readonly response: Response;
  /** The next message, bookmarks included; undefined when the stream has ended. Fails after 20 s. */
  next(): Promise<StreamMessage | undefined>;
  /** The next message that is no bookmark. */
  nextEvent(): Promise<StreamMessage | undefined>;
  /** What came as comments so far. */
  readonly comments: readonly string[];
  close(): Promise<void>;
}

/** Opens a stream. An answer that is no stream throws with its text. */
export async function openStream(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<StreamReader> {
  const abort = new AbortController();
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: abort.signal,
  });
  if (response.headers.get('content-type') !== 'text/event-stream' || !response.body) {
    throw new Error(`no stream: ${response.status} ${await response.text()}`);
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const comments: string[] = [];
  let text = '';
  const next = async (): Promise<StreamMessage | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        comments.push(...lines.filter((line) => line.startsWith(':')));
        const data = fieldOf(lines, 'data');
        if (data !== undefined)
          return { id: fieldOf(lines, 'id'), event: fieldOf(lines, 'event') ?? 'message', data };
        continue;
      }
      const { value, done } = await within(20_000, reader.read());
      if (done) return undefined;
      text += value;
    }
  };
  return {
    response,
    next,
    async nextEvent() {
      for (;;) {
        const message = await next();
        if (message?.event !== 'bookmark') return message;
      }
    },
    comments,
    close: async () => {
      abort.abort();
      await reader.cancel().catch(() => undefined);
    },
  };
}

function fieldOf(lines: readonly string[], name: string): string | undefined {
  return lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`the stream gave nothing for ${milliseconds} ms`)),
    milliseconds,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
