import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { lockState } from './lock.ts';

test('a folder is locked until it is let go of, and a second comer is told who has it', async () => {
  const folder = `/somewhere/${randomUUID()}`;
  const unlock = await lockState(folder);
  await expect(lockState(folder)).rejects.toThrow(`in use by another npm start (process ${process.pid})`);
  const other = await lockState(`/somewhere/${randomUUID()}`);
  await other();
  await unlock();
  await (
    await lockState(folder)
  )();
});
