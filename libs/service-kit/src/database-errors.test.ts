import { describe, expect, it } from 'vitest';
import { isDatabaseUnavailable } from './database-errors.ts';
import { toProblem } from './request-errors.ts';

const failure = (message: string, more: object = {}) => Object.assign(new Error(message), more);

describe('a failure of the database', () => {
  it.each([
    ['a server that is too slow to connect to', failure('timeout expired')],
    ['a connection that was closed', failure('Client was closed and is not queryable')],
    ['a query whose answer stays out', failure('insert into x - Query read timeout')],
    ['a pool that is closed while somebody waits', failure('aborted')],
    [
      'a connection that is gone',
      failure('Cannot call write after a stream was destroyed', { code: 'ERR_STREAM_DESTROYED' }),
    ],
    ['a full disk', failure('could not extend file', { code: '53100' })],
    [
      'a transaction that lost against others on every try',
      failure('could not serialize', { code: '40001' }),
    ],
    ['a deadlock on every try', failure('deadlock detected', { code: '40P01' })],
  ])('is told as one to try again after: %s', (_what, error) => {
    const problem = toProblem(error);
    expect(problem).toMatchObject({ code: 'service-unavailable', status: 503 });
    expect(problem.headers).toHaveProperty('retry-after');
  });

  it.each([
    ['a column that is missing', failure('column x does not exist', { code: '42703' })],
    ['a file that is missing', failure('no such file', { code: 'ENOENT', syscall: 'open' })],
    ['something else that was aborted', failure('the wiring was aborted')],
  ])('is ours, and no outage: %s', (_what, error) => {
    expect(isDatabaseUnavailable(error)).toBe(false);
    expect(toProblem(error).status).toBe(500);
  });
});
