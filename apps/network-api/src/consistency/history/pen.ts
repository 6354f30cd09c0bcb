import type { Answer, Call, FollowedFeed, History, HistoryEvent } from './history.ts';

export const ids = {
  project: '11111111-0000-4000-8000-000000000001',
  stranger: '11111111-0000-4000-8000-000000000002',
  network: '22222222-0000-4000-8000-000000000001',
  subnet: '33333333-0000-4000-8000-000000000001',
  ports: [
    '44444444-0000-4000-8000-000000000001',
    '44444444-0000-4000-8000-000000000002',
    '44444444-0000-4000-8000-000000000003',
  ],
  vnics: ['55555555-0000-4000-8000-000000000001', '55555555-0000-4000-8000-000000000002'],
  binding: '66666666-0000-4000-8000-000000000001',
} as const;

export const macAddresses = ['02:00:5e:00:00:01', '02:00:5e:00:00:02'] as const;
export const host = 'host-1';

type Told = Pick<HistoryEvent, 'resourceType' | 'resourceId' | 'revision' | 'change'>;

/** What is written of a call. Without times it begins after all before it has ended. */
export interface Line {
  readonly operation: string;
  readonly ask: object;
  readonly answer?: Answer | undefined;
  readonly events?: readonly (Told & { readonly audience?: string })[];
  readonly client?: string;
  readonly projectId?: string | undefined;
  readonly host?: string;
  readonly key?: string;
  readonly from?: number;
  readonly to?: number;
}

/** Writes histories by hand, as nobody has seen them, to see what a checker makes of them. */
export class Pen {
  calls: Call[] = [];
  events: HistoryEvent[] = [];
  followed: FollowedFeed[] = [];
  #now = 0;

  /** Writes a call and what the feed told of it. */
  write({ operation, ask, answer, events = [], from, to, ...caller }: Line): Call {
    const startedAt = from ?? this.#now + 10;
    const endedAt = to ?? startedAt + 10;
    this.#now = Math.max(this.#now, Number.isFinite(endedAt) ? endedAt : startedAt);
    const call: Call = {
      id: this.calls.length + 1,
      client: caller.client ?? 'user 1',
      projectId: caller.host === undefined ? (caller.projectId ?? ids.project) : undefined,
      host: caller.host,
      operation,
      ask,
      request: `POST ${JSON.stringify(ask)}`,
      key: caller.key,
      startedAt,
      endedAt: answer ? endedAt : Infinity,
      answer,
      tries: [],
    };
    this.calls.push(call);
    for (const { audience, ...event } of events) this.tell(event, audience);
    return call;
  }

  /** Writes an event alone. */
  tell(event: Told, audience?: string): void {
    this.events.push({
      ...event,
      position: this.events.length + 1,
      projectId: ids.project,
      audience,
    });
  }

  get history(): History {
    const { calls, events, followed } = this;
    return { calls, events, followed };
  }
}

export const event = (resourceType: string, resourceId: string, revision: number, change: string): Told => ({
  resourceType,
  resourceId,
  revision,
  change,
});

export const ok = (status: number, body?: object): Answer => ({ status, body });
export const no = (status: number, code: string): Answer => ({ status, body: { code } });
