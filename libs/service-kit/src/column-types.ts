import pg from 'pg';

/** How column values reach the program. PostgreSQL type numbers are fixed (pg_type.dat). */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  20: parseBigint,
  1082: (text) => text,
  1114: refuseTimestampWithoutZone,
  1184: parseTimestamp,
  1016: (text) => parseArray(text, parseBigint),
  1185: (text) => parseArray(text, parseTimestamp),
};

/**
 * The type parsers given to every pg client: int8 as a number (checked to be exact), timestamptz as an RFC 3339 UTC
 * string with milliseconds, inet, cidr, macaddr, uuid and numeric as text, the rest as pg does it.
 */
export const columnTypes = {
  getTypeParser(type: number, format?: string): (value: string) => unknown {
    if (format === 'binary') throw new TypeError('column values are read as text');
    // pg types its parsers as `any`.
    return parsers[type] ?? (pg.types.getTypeParser(type, 'text') as (value: string) => unknown);
  },
};

function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`bigint ${text} does not fit a number: read it as text`);
  return value;
}

/** How PostgreSQL writes a moment in a session of UTC, which ours are: as text, and within JSON. */
const momentInUtc = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00(?::00)?$/;

/** Only the form is changed where that will do: lists have hundreds of moments. */
export function parseTimestamp(text: string): string {
  const [whole, day, time, fraction = ''] = momentInUtc.exec(text) ?? [];
  if (whole !== undefined) return `${day}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}Z`;
  const moment = new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  if (Number.isNaN(moment.getTime()))
    throw new RangeError(`timestamp ${text} is no moment that RFC 3339 can write`);
  return moment.toISOString();
}

function refuseTimestampWithoutZone(): never {
  throw new TypeError('a timestamp without time zone is ambiguous: make the column timestamptz');
}

function parseArray<T>(text: string, parse: (item: string) => T): (T | null)[] {
  const items = text.slice(1, -1);
  if (items === '') return [];
  return items.split(',').map((item) => (item === 'NULL' ? null : parse(item.replaceAll('"', ''))));
}
