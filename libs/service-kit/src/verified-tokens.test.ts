import { describe, expect, it } from 'vitest';
import { rememberTokens } from './verified-tokens.ts';

describe('a token that was verified', () => {
  it('is believed for five seconds, whoever asks', () => {
    let now = 1_000_000;
    const tokens = rememberTokens<string>(() => now);
    tokens.remember('a', 'alice', now + 3_600_000);
    expect([tokens.find('a'), tokens.find('b')]).toEqual(['alice', undefined]);
    now += 4_999;
    expect(tokens.find('a')).toBe('alice');
    now += 1;
    expect(tokens.find('a')).toBeUndefined();
  });

  it('is not believed past its own end', () => {
    let now = 1_000_000;
    const tokens = rememberTokens<string>(() => now);
    tokens.remember('a', 'alice', now + 2_000);
    now += 2_000;
    expect(tokens.find('a')).toBeUndefined();
  });

  it('gives way to newer ones when there are ten thousand', () => {
    const tokens = rememberTokens<number>(() => 0);
    for (let index = 0; index <= 10_000; index++) tokens.remember(`t${index}`, index, 1_000);
    expect([tokens.find('t0'), tokens.find('t1'), tokens.find('t10000')]).toEqual([undefined, 1, 10_000]);
  });
});
