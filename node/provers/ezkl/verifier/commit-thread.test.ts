import { afterAll, expect, test } from 'vitest';
import type { EdgeType } from '../../../../protocol/edge.ts';
import { createCommitThread } from './commit-thread.ts';

const thread = createCommitThread();
afterAll(() => thread.close());

const type: EdgeType = {
  shape: [2],
  signed: true,
  scale: 0,
  interval: 'unproven',
  scheme: { name: 'kzg', srs: '00'.repeat(32), k: 4, usableRows: 10 },
};

test('what is refused in the thread is refused here, and the next request is answered', async () => {
  await expect(thread.commit(type, [1n], new Uint8Array())).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(thread.commit(type, [1n, 2n], new Uint8Array(8))).rejects.toMatchObject({
    code: 'SRS_INVALID',
  });
});
