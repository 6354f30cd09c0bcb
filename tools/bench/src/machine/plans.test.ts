import { expect, test } from 'vitest';
import { explained, readPlans } from './plans.ts';

const log = `LOG:  something else
@ LOG:  duration: 0.120 ms  plan:
\t{
\t  "Query Text": "select *\\n  from ports",
\t  "Plan": {
\t    "Node Type": "Seq Scan",
\t    "Shared Hit Blocks": 3,
\t    "Shared Read Blocks": 2,
\t    "Plans": [{ "Node Type": "Result", "Shared Hit Blocks": 3 }]
\t  }
\t}
@ CONTEXT:  SQL statement "select 1"
@ LOG:  duration: 1.5 ms  plan:
\t{ "Query Text": "select 1", "Plan": { "Node Type": "Result" } }
@ LOG:  bench: plans up to here
`;

test('plans are read from a log among other entries, with the buffers of the whole statement', () => {
  expect(readPlans(log)).toEqual([
    { text: 'select *\n  from ports', buffers: 5, milliseconds: 0.12 },
    { text: 'select 1', buffers: 0, milliseconds: 1.5 },
  ]);
});

test('an explained session is asked for in the URL, beside what is there', () => {
  const url = new URL(explained('postgresql://postgres@localhost:5432/network?host=%2Ftmp%2Fx'));
  expect(url.searchParams.get('host')).toBe('/tmp/x');
  expect(url.searchParams.get('options')).toContain('-c auto_explain.log_buffers=on');
});
