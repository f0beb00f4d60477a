import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { messageLimits, type SignedMessage } from '../../protocol/messages/index.ts';
import type { RequestTarget } from '../network/request-protocol.ts';
import { createLog } from '../peer/log.ts';
import { type DeliveryInit, deliver } from './delivery.ts';

const log = createLog('silent', process.stderr);
const message = (id: string) => ({ id, message: {}, bytes: new Uint8Array() }) as unknown as SignedMessage;
const unreachable = () => Promise.reject(new Error('it cannot be reached'));

/** Milliseconds of the clock by which messages become stale. */
let now: number;
let signed: number;
/** What was sent, and whereto. */
let sent: { id: string; target: RequestTarget }[];

beforeEach(() => {
  [now, signed, sent] = [0, 0, []];
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => void vi.restoreAllMocks());

/** Delivers to a requester that does this, one after the other. */
function delivery(
  answers: (() => Promise<SignedMessage | undefined>)[],
  signal = new AbortController().signal,
  { target = () => ({ peer: 'requester' }), retry = 1 }: Partial<DeliveryInit> = {},
) {
  const requests = {
    request: (to: RequestTarget, { id }: SignedMessage) => {
      sent.push({ id, target: to });
      return (answers.shift() ?? unreachable)();
    },
  };
  return deliver({ target, sign: () => message(`${++signed}`), retry }, { requests, log }, signal);
}

describe('a message that is to arrive', () => {
  it.each<[string, SignedMessage | undefined]>([
    ['with nothing', undefined],
    ['by another message', message('answer')],
  ])('is sent once where it is answered %s', async (_, answer) => {
    expect(await delivery([async () => answer])).toBe(answer);
    expect(sent).toHaveLength(1);
  });

  it('is the same one until it arrives, and goes to where its requester is by then', async () => {
    let tries = 0;
    const target = () => ({ peer: 'requester', addresses: [`/ip4/127.0.0.1/tcp/${++tries}`] });
    const { signal } = new AbortController();
    await delivery([unreachable, unreachable, async () => undefined], signal, { target });
    expect(sent.map(({ id }) => id)).toEqual(['1', '1', '1']);
    expect(sent.map(({ target: { addresses } }) => addresses)).toEqual([
      ['/ip4/127.0.0.1/tcp/1'],
      ['/ip4/127.0.0.1/tcp/2'],
      ['/ip4/127.0.0.1/tcp/3'],
    ]);
  });

  it('is signed anew before it is stale', async () => {
    const late = () => {
      now += messageLimits.lifetime / 2;
      return unreachable();
    };
    await delivery([unreachable, late, late, async () => undefined]);
    expect(sent.map(({ id }) => id)).toEqual(['1', '1', '2', '3']);
  });

  it.each<[string, (act: () => void) => void, number]>([
    ['is on its way', (act) => act(), 1],
    ['waits to be sent again', setImmediate, 3_600_000],
  ])('is sent no more when nobody needs it while it %s', async (_, then, retry) => {
    const reason = new Error('no longer needed');
    const cancel = new AbortController();
    const cancelled = () => {
      then(() => cancel.abort(reason));
      return unreachable();
    };
    await expect(delivery([cancelled], cancel.signal, { retry })).rejects.toMatchObject(
      // The timer has it as its cause.
      retry === 1 ? { message: reason.message } : { code: 'ABORT_ERR', cause: reason },
    );
    expect(sent).toHaveLength(1);
  });
});
