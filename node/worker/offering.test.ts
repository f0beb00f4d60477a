import { expect, it } from 'vitest';
import { peerIdOf } from '../../protocol/messages/index.ts';
import { offeringOf } from './offering.ts';

const requester = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

it('says what a worker has and lets others use, in what survives JSON', () => {
  const offering = offeringOf({
    capabilities: { processor: 'one', cores: 2, memory: 8e9, gpus: ['NVIDIA T4'], unitsPerSecond: 900 },
    limits: { memory: 4e9, parallel: 2, disk: 1e9, requesters: new Set([requester]), price: 2n ** 70n },
    speeds: [{ name: 'groth16', unitsPerSecond: 450 }],
    worker: {
      slots: { total: 2, free: 1 },
      segments: [{ job: '11'.repeat(32), segment: 3, stage: 'proving' }],
    },
  });
  expect(offering).toEqual({
    machine: { processor: 'one', cores: 2, memory: 8e9, gpus: ['NVIDIA T4'] },
    provers: [{ name: 'groth16', unitsPerSecond: 450 }],
    limits: {
      memory: 4e9,
      disk: 1e9,
      parallel: 2,
      requesters: [peerIdOf(requester)],
      price: '1180591620717411303424',
    },
    slots: { total: 2, free: 1 },
    segments: [{ job: '11'.repeat(32), segment: 3, stage: 'proving' }],
  });
  expect(JSON.parse(JSON.stringify(offering))).toEqual(offering);
});
