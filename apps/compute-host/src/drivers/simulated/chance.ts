/**
 * A number in [0, 1) that depends on the words alone: the same seed replays the same latencies and failures for each machine,
 * in whatever order a scheduler happens to get to them. (FNV-1a over the words, then murmur3's finaliser.)
 */
export function chance(...words: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(words.join('\0'))) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}
