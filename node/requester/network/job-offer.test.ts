import { expect, it } from 'vitest';
import { messageLimits, type Offer, type SignedMessage } from '../../../protocol/messages/index.ts';
import { JobOffer } from './job-offer.ts';

const start = 1_000_000_000;
let now = start;

/** An offer whose signings are counted by their ids. */
function offerOf(): JobOffer {
  now = start;
  let signed = 0;
  return new JobOffer(
    () => ({ id: `${++signed}`, message: { issued: now }, bytes: new Uint8Array() }) as SignedMessage<Offer>,
    () => now,
  );
}

it('is the same message while that is good for as long again', () => {
  const offer = offerOf();
  const [first] = [offer.current];
  now = start + messageLimits.lifetime / 2;
  expect(offer.current).toBe(first);
});

it('is signed anew in time, and then stays that', () => {
  const offer = offerOf();
  now = start + messageLimits.lifetime / 2 + 1;
  const renewed = offer.current;
  expect(renewed).toMatchObject({ id: '2', message: { issued: now } });
  now += messageLimits.lifetime / 2;
  expect(offer.current).toBe(renewed);
});

it('is another message whenever it is said again, so that who has heard it hears it once more', () => {
  const offer = offerOf();
  const again = offer.renew();
  expect(again.id).toBe('2');
  expect(offer.current).toBe(again);
});
