import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { artifactCid } from '../../../protocol/ids.ts';
import { type Part, parseArtifactCid } from '../store/index.ts';
import { BlockQueue, type Wanted } from './block-queue.ts';

const part = (name: string, height = 0): Part => ({
  cid: parseArtifactCid(artifactCid(createHash('sha256').update(name).digest('hex'))),
  bytes: 1,
  height,
});
const [one, two] = [{}, {}];
const hedgeMs = 100;

describe('a queue of blocks', () => {
  it('hands out nodes before leaves, and each block once', () => {
    const queue = new BlockQueue(hedgeMs);
    const [a, b, node] = [part('a'), part('b'), part('node', 1)];
    queue.add([a, b, a]);
    queue.add([node]);
    const taken = [1, 2, 3, 4].map(() => queue.take(one, 0)?.cid);
    expect(taken).toEqual([node.cid, a.cid, b.cid, undefined]);
    queue.add([a]);
    expect(queue.take(one, 0)).toBeUndefined();
    expect(queue.left).toBe(3);
  });

  it('takes back what a provider did not send', () => {
    const queue = new BlockQueue(hedgeMs);
    queue.add([part('a'), part('b'), part('c')]);
    const [a, b] = [queue.take(one, 0), queue.take(one, 0)] as [Wanted, Wanted];
    queue.putBack(two, [a]);
    expect(queue.take(two, 0)?.cid).toEqual(part('c').cid);
    queue.putBack(one, [a, b]);
    expect([queue.take(two, 0), queue.take(two, 0)]).toEqual([a, b]);
  });

  it('lets another one take over what is long under way, and counts it once', () => {
    const queue = new BlockQueue(hedgeMs);
    queue.add([part('a')]);
    const a = queue.take(one, 0) as Wanted;
    expect(queue.takeOver(two, 99)).toBeUndefined();
    expect(queue.takeOver(one, 100)).toBeUndefined();
    expect(queue.takeOver(two, 100)).toEqual(a);
    expect(queue.takeOver(one, 150)).toBeUndefined();
    // The first one gives up: the second still has it.
    queue.putBack(one, [a]);
    expect(queue.take(one, 150)).toBeUndefined();
    expect([queue.done(a), queue.done(a), queue.left]).toEqual([true, false, 0]);
  });

  it('ends with every block done, whatever providers do', () => {
    const step = fc.record({ taker: fc.nat(3), act: fc.constantFrom('take', 'over', 'done', 'back') });
    fc.assert(
      fc.property(fc.nat(12), fc.array(step, { maxLength: 100 }), (count, steps) => {
        const queue = new BlockQueue(1);
        queue.add(Array.from({ length: count }, (_, at) => part(`${at}`)));
        const takers = Array.from({ length: 4 }, () => ({ held: [] as Wanted[] }));
        const arrived = new Set<string>();
        steps.forEach(({ taker, act }, now) => {
          const who = takers[taker] as (typeof takers)[number];
          const got =
            act === 'take' ? queue.take(who, now) : act === 'over' ? queue.takeOver(who, now) : undefined;
          if (got !== undefined) who.held.push(got);
          const [first] = who.held;
          if (act === 'done' && first !== undefined) {
            who.held.shift();
            expect(queue.done(first)).toBe(!arrived.has(first.name));
            arrived.add(first.name);
          }
          if (act === 'back') queue.putBack(who, who.held.splice(0));
          expect(queue.left).toBe(count - arrived.size);
        });
        for (const who of takers) queue.putBack(who, who.held.splice(0));
        for (let block = queue.take(one, 1e9); block !== undefined; block = queue.take(one, 1e9))
          queue.done(block);
        expect(queue.left).toBe(0);
      }),
    );
  });
});
