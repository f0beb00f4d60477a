import { showDuration } from '../duration.ts';
import { showMemory } from '../memory.ts';
import type { EstimatedPlan } from './plan.ts';

/** What a plan expects, for people, before the work begins. */
export function describePlan(plans: readonly EstimatedPlan[]): string {
  const provers = [...new Set(plans.map(({ prover }) => prover))].join(' and ');
  const sum = (field: 'setupSeconds' | 'proveSeconds') =>
    showDuration(plans.reduce((total, { expected }) => total + expected[field], 0));
  const most = Math.max(0, ...plans.flatMap(({ expected }) => [expected.setupBytes, expected.proveBytes]));
  return [
    `The plan: ${plans.length} ${plans.length === 1 ? 'segment' : 'segments'}, proven by ${provers}.`,
    `One after another they are expected to take ${sum('setupSeconds')} for keys and ${sum('proveSeconds')} for proofs,`,
    `and up to ${showMemory(most)} of memory; what the cache has takes no time.`,
  ].join(' ');
}
