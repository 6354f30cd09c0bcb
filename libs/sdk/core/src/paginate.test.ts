import { expect, test } from 'vitest';
import { paginate } from './paginate.ts';

function threePages() {
  const asked: (string | undefined)[] = [];
  const list = paginate(async (pageToken) => {
    asked.push(pageToken);
    const number = pageToken === undefined ? 1 : Number(pageToken);
    return {
      items: [number * 10, number * 10 + 1],
      ...(number < 3 ? { nextPageToken: `${number + 1}` } : {}),
    };
  });
  return { asked, list };
}

test('a list is read over all its pages', async () => {
  const { asked, list } = threePages();
  expect(await list.toArray()).toEqual([10, 11, 20, 21, 30, 31]);
  expect(asked).toEqual([undefined, '2', '3']);
});

test('no page is fetched before it is needed', async () => {
  const { asked, list } = threePages();
  for await (const item of list) if (item === 11) break;
  expect(asked).toEqual([undefined]);
});

test('each reading starts anew', async () => {
  const { list } = threePages();
  expect(await list.firstPage()).toEqual([10, 11]);
  expect(await list.toArray()).toHaveLength(6);
  expect(await list.toArray()).toHaveLength(6);
});
