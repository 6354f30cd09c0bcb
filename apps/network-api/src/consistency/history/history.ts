/**
 * What was seen of a service from outside: what clients asked and were answered, and what the event feed told. Everything
 * that is judged is in here, so a history can also be written by hand, to see the checker fail.
 */

/** Place in the order in which one observer saw calls begin and end. */
export type Tick = number;

/** What a caller was told. */
export interface Answer {
  readonly status: number;
  // Answers are judged, not trusted: what is in them is looked at field by field.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

/**
 * One call. A repetition with the same idempotency key belongs to the call; without a key each try is a call of its own,
 * because each may have its own effect.
 */
export interface Call {
  readonly id: number;
  /** Who called: calls of one client follow each other. */
  readonly client: string;
  readonly projectId: string | undefined;
  readonly host: string | undefined;
  /** Name of the operation in the list of operations. */
  readonly operation: string;
  /** What was asked, as the operation drew it. */
  readonly ask: unknown;
  /** The request as sent, for people. */
  readonly request: string;
  readonly key: string | undefined;
  readonly startedAt: Tick;
  /** Infinity as long as there is no answer: the work may still happen. */
  endedAt: Tick;
  /** Undefined when the answer was lost: the outcome is unknown. */
  answer: Answer | undefined;
  /** Which replica was asked, how that went and how many milliseconds it took, try by try. For people: time is not judged. */
  readonly tries: string[];
}

/** An event of the service's feed, in the order of the feed. */
export interface HistoryEvent {
  readonly position: number;
  readonly projectId: string | undefined;
  readonly audience: string | undefined;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly revision: number;
  readonly change: string;
}

/** What one follower of the feed was given, from its first cursor on. */
export interface FollowedFeed {
  readonly name: string;
  /** Which events it should have been given. */
  readonly concerns: (event: HistoryEvent) => boolean;
  /** Only what a follower of this kind gets to see of an event. */
  readonly told: readonly Pick<HistoryEvent, 'resourceType' | 'resourceId' | 'revision' | 'change'>[];
}

export interface History {
  readonly calls: readonly Call[];
  /** The whole feed, read once all was over. */
  readonly events: readonly HistoryEvent[];
  readonly followed: readonly FollowedFeed[];
}

/** A promise that a history breaks. */
export interface Violation {
  /** Which promise, in a few words. */
  readonly promise: string;
  readonly detail: string;
  /** Ids of the resources, and of the calls, that it is about. */
  readonly resourceIds: readonly string[];
  readonly callIds: readonly number[];
}

/** Writes down what happens, tick by tick. */
export class Recorder {
  readonly calls: Call[] = [];
  #now: Tick = 0;

  begin(call: Omit<Call, 'id' | 'startedAt' | 'endedAt' | 'answer' | 'tries'>): Call {
    const begun: Call = {
      ...call,
      id: this.calls.length + 1,
      startedAt: ++this.#now,
      endedAt: Infinity,
      answer: undefined,
      tries: [],
    };
    this.calls.push(begun);
    return begun;
  }

  end(call: Call, answer: Answer): void {
    call.endedAt = ++this.#now;
    call.answer = answer;
  }

  /** Forgets a call that can't have had an effect and has no answer, such as a read whose answer was lost. */
  forget(call: Call): void {
    const at = this.calls.lastIndexOf(call);
    if (at >= 0) this.calls.splice(at, 1);
  }
}
