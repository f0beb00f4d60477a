import { type AgainstEzkl, againstEzkl } from '../against-ezkl.ts';

/**
 * Plans for LeNet that are held to marks, and others that show the frontier between time and memory. A strategy's
 * memory is that of one prover process; what is measured is the whole process tree.
 */
const plans: readonly Omit<AgainstEzkl, 'model'>[] = [
  {
    name: 'lenet-fast',
    choice: { by: 'auto', prover: 'ezkl' },
    marks: { time: { of: 'ratio', atMost: 1 / 2 }, memory: { of: 'value', atMost: 4000 } },
  },
  {
    name: 'lenet-small',
    choice: { by: 'memory=700MB', prover: 'ezkl' },
    marks: { time: { of: 'ratio', atMost: 1 }, memory: { of: 'ratio', atMost: 1 / 8 } },
  },
  { name: 'lenet-1100MB', choice: { by: 'memory=1100MB', prover: 'ezkl' } },
  { name: 'lenet-three-parts', choice: { by: 'parts=3', prover: 'ezkl' } },
  { name: 'lenet-any-prover', choice: { by: 'auto', prover: 'auto' } },
];

export const lenet = plans.map((plan) => againstEzkl({ ...plan, model: 'lenet' }));
