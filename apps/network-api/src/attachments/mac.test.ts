import { describe, expect, it } from 'vitest';
import { readMacAddress } from './mac.ts';

describe('a MAC address', () => {
  it('is brought to lower case', () => {
    expect(readMacAddress('02:00:5E:10:00:AB', '/macAddress')).toEqual({ macAddress: '02:00:5e:10:00:ab' });
  });

  it.each(['01:00:5e:00:00:01', '33:33:00:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00'])(
    '%s is refused',
    (text) => {
      expect(readMacAddress(text, '/macAddress')).toMatchObject({ pointer: '/macAddress' });
    },
  );
});
