import { againstEzkl } from '../against-ezkl.ts';

export const cnnSmall = againstEzkl({
  name: 'cnn-small',
  model: 'cnn-small',
  choice: { by: 'memory=200MB', prover: 'ezkl' },
  marks: { time: { of: 'ratio', atMost: 1 / 2 }, memory: { of: 'ratio', atMost: 1 / 3 } },
});
