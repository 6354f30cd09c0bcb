import { describe, expect, it } from 'vitest';
import { countThatFit } from './host-service.ts';

const portWith = (count: number) => ({
  members: Array.from({ length: count }, () => ({ portId: 'p', ipAddress: '10.0.0.1' })),
});

describe('a page of members', () => {
  it('takes all ports whose addresses fit', () => {
    expect(countThatFit([])).toBe(1);
    expect(countThatFit([portWith(40), portWith(0), portWith(40)])).toBe(3);
    expect(countThatFit(Array.from({ length: 125 }, () => portWith(40)))).toBe(125);
  });

  it('ends with a port before they would be more than the document says', () => {
    expect(countThatFit(Array.from({ length: 200 }, () => portWith(40)))).toBe(125);
    expect(countThatFit([...Array.from({ length: 125 }, () => portWith(40)), portWith(0), portWith(1)])).toBe(
      126,
    );
  });
});
