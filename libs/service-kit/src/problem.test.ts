import { describe, expect, it } from 'vitest';
import { commonProblem } from './common-problems.ts';

describe('the document of a problem', () => {
  it('stays within the bounds of its schema, whatever it was made of', () => {
    const pointer = `/${'a'.repeat(299)}/${'b'.repeat(300)}`;
    const document = commonProblem('invalid-request', 'd'.repeat(5000), {
      errors: Array.from({ length: 150 }, () => ({ pointer, detail: 'e'.repeat(1200) })),
    }).toDocument();
    expect(document.detail).toHaveLength(4000);
    expect(document.errors).toHaveLength(100);
    expect(document.errors?.[0]?.detail).toHaveLength(1000);
    // A pointer that is cut points at what contains the place.
    expect(document.errors?.[0]?.pointer).toBe(`/${'a'.repeat(299)}`);
  });

  it('cuts no character in two', () => {
    const { detail } = commonProblem('invalid-request', '🙂'.repeat(3000)).toDocument();
    expect(detail.isWellFormed()).toBe(true);
    expect(detail.length).toBeLessThanOrEqual(4000);
  });

  it('leaves alone what fits', () => {
    const errors = [{ pointer: `/${'a'.repeat(499)}`, detail: 'e'.repeat(1000) }];
    const problem = commonProblem('invalid-request', 'd'.repeat(4000), { errors });
    expect(problem.toDocument()).toMatchObject({ detail: problem.detail, errors });
    expect(commonProblem('forbidden', 'no', { errors: [] }).toDocument()).not.toHaveProperty('errors');
  });
});
