import { againstEzkl } from '../against-ezkl.ts';

/** As the plan chooses, which is held to marks, and in slices by ezkl alone. */
export const cnnSmall = [
  againstEzkl({
    name: 'cnn-small',
    model: 'cnn-small',
    choice: { by: 'auto', prover: 'auto' },
    marks: { time: { of: 'ratio', atMost: 1 / 2 }, memory: { of: 'ratio', atMost: 1 / 3 } },
  }),
  againstEzkl({
    name: 'cnn-small-ezkl',
    model: 'cnn-small',
    choice: { by: 'memory=200MB', prover: 'ezkl' },
  }),
];
