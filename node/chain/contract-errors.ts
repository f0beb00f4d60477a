import {
  BaseError,
  type ContractErrorArgs,
  type ContractErrorName,
  ContractFunctionRevertedError,
  formatEther,
} from 'viem';
import { TesseraError } from '../../protocol/errors.ts';
import type { errorsAbi } from './abi.ts';

type Name = ContractErrorName<typeof errorsAbi>;
type Arguments<N extends Name> = ContractErrorArgs<typeof errorsAbi, N>;
type Explanation = readonly [message: string, remedy: string];
type Explain<N extends Name> = (args: Arguments<N>) => Explanation;

/** The market's states of a segment, by their number in the contract. */
export const segmentStates = ['open', 'claimed', 'submitted', 'challenged', 'settled', 'verified'] as const;

const date = (seconds: bigint) => new Date(Number(seconds) * 1000).toISOString();
const state = (index: number) => segmentStates[index] ?? `unknown (${index})`;
const coin = (wei: bigint) => `${formatEther(wei)} of the chain's coin`;

const ask = 'Ask whoever posted the job for its files again: these are not the ones that it was posted with.';
const remake = 'Make the certificate or job again with this version of the program, and register it anew.';
const report = 'This is a fault of the program; please report it with this message.';
const proof = 'Prove the segment again for this account and job; if it happens twice, report it.';

/** What each error of the contracts means for whoever sent the call, and what to do. */
export const explanations: { [N in Name]: Explain<N> } = {
  AdapterMismatch: () => [
    'The circuit is of another proof system than the verifier it is registered with',
    remake,
  ],
  AmountZero: () => [
    'There is nothing to deposit, take out or withdraw',
    'Give an amount above 0; `tessera earnings` shows what there is.',
  ],
  ArtifactMismatch: ([found, expected]) => [
    `The verifying data have digest ${found}, and the circuit names ${expected}`,
    'Take the certificate from where it was made: this one is damaged.',
  ],
  ArtifactMissing: ([role]) => [
    `The circuit names no artifact of role ${role}, which its verifier needs`,
    remake,
  ],
  ArtifactsUnordered: () => ['A circuit’s artifacts are not in order', report],
  Barred: ([account]) => [
    `${account} failed this segment before and may not claim it again`,
    'Claim another segment: `tessera jobs` lists those that are open.',
  ],
  BondTooLow: ([bond, least]) => [
    `The bond of ${coin(bond)} is below the market's least, ${coin(least)}`,
    'Leave this job: it was posted with offers that nobody can claim.',
  ],
  BoundaryDigestMismatch: () => ['The opened inputs or outputs do not make up the digest of the terms', ask],
  BoundaryEdgesMismatch: () => [
    'The opened edges are not the inputs or outputs of the registered model',
    ask,
  ],
  BoundaryMalformed: ([what, found, expected]) => [
    `The proof has ${found} ${what}, and its ports take ${expected}`,
    proof,
  ],
  BurnExceedsSlash: () => ['More would be burned than was slashed', report],
  ChallengeBondTooLow: ([sent, needed]) => [
    `A challenge costs ${coin(needed)} now, and ${coin(sent)} was sent`,
    'Challenge again: the bond follows the price of gas.',
  ],
  ChunkTooLong: ([length, limit]) => [
    `A piece of verifying data has ${length} bytes, above ${limit}`,
    report,
  ],
  ChunkTooShort: ([length, expected]) => [
    `A piece of verifying data has ${length} bytes, not ${expected}`,
    report,
  ],
  ChunkUnknown: ([digest]) => [
    `The piece ${digest} of the verifying data was not stored yet`,
    'Register the model again: it goes on where it stopped.',
  ],
  CircuitUnknown: ([circuit]) => [
    `The circuit ${circuit} is not registered`,
    'Register the model again: it goes on where it stopped.',
  ],
  CodeMismatch: ([verifier, found, expected]) => [
    `The code at ${verifier} has hash ${found}, not ${expected}: it is not ezkl’s reviewed verifier`,
    'Deploy the contracts again with the verifier of this version’s ezkl (`tessera setup`, `tessera chain deploy`).',
  ],
  ContextMismatch: () => ['The proof was made for another job, segment or account', proof],
  DeadlineNotPassed: ([deadline]) => [`This can be done only after ${date(deadline)}`, 'Wait until then.'],
  DeadlinePassed: ([deadline]) => [
    `The deadline was ${date(deadline)}`,
    'It is too late for this; `tessera jobs` shows what can still be done.',
  ],
  DurationOutOfRange: ([duration, shortest, longest]) => [
    `An offer gives ${duration} s, and the market takes ${shortest} to ${longest}`,
    'Post the job with another --deadline.',
  ],
  EdgeCountOutOfRange: ([count, limit]) => [
    `The job has ${count} edges; the market takes 1 to ${limit}`,
    'Cut the model into fewer segments.',
  ],
  EdgeMismatch: ([edge]) => [`What was shown of edge ${edge} does not stand under the job's root`, ask],
  EscrowInsufficient: ([needed, available]) => [
    `The segment's reward is ${needed}, and ${available} of the job's escrow is free`,
    'Wait until a claim of another segment comes to nothing, or choose another job.',
  ],
  EscrowZero: () => ['The job has no escrow', 'Post it with a reward above 0.'],
  ExpiryOutOfRange: ([expiry, earliest, latest]) => [
    `The job would expire at ${date(expiry)}, and the market takes ${date(earliest)} to ${date(latest)}`,
    'Check this machine’s clock, and give another --expires.',
  ],
  FailedCall: () => ['The account that should be paid refuses coins', 'Withdraw to another account.'],
  InsufficientBalance: ([balance, needed]) => [
    `The contract holds ${coin(balance)} and owes ${coin(needed)}`,
    report,
  ],
  InsufficientGas: () => [
    'The call had too little gas to reach a verdict',
    'Run it again; if the network limits a transaction’s gas below this, use another network.',
  ],
  JobExists: ([job]) => [
    `Job ${job} was posted already`,
    'Nothing is lost; `tessera jobs` shows it. To post it once more, give another nonce.',
  ],
  JobNotOpen: ([job]) => [
    `Job ${job} is closed or has expired`,
    'Choose another job: `tessera jobs` lists them.',
  ],
  JobUnknown: ([job]) => [
    `The market knows no job ${job}`,
    'Check that the terms and the market are the right ones: `tessera chain status`.',
  ],
  LeafOutOfRange: ([index, count]) => [`There is no leaf ${index} in a tree of ${count}`, ask],
  LockInsufficient: () => ['More would be unlocked than is locked', report],
  ModelUnknown: ([model]) => [
    `Model ${model} is not registered on this chain`,
    'Register it: tessera register CERTIFICATE',
  ],
  NotClaimant: ([caller, claimant]) => [
    `${claimant} holds the claim, not ${caller}`,
    'Claim another segment, or use the account that holds this claim.',
  ],
  NotOptimistic: ([job]) => [`Job ${job} takes proofs only, not their hashes`, 'Submit the proof itself.'],
  NotRegistry: () => [
    'The market takes coins with a call only',
    'Send coins with the call that they are for.',
  ],
  NotRequester: ([caller, requester]) => [
    `Only ${requester} may do this, not ${caller}`,
    'Use the account that posted the job, or wait until it has expired.',
  ],
  NothingOwed: ([account]) => [
    `${account} has nothing to withdraw in this token`,
    '`tessera earnings` shows what is owed, and what is still locked.',
  ],
  OfferMismatch: () => ['The offer does not stand under the job’s root of offers', ask],
  OpeningsMismatch: ([found, expected]) => [
    `${found} commitments were opened, and the segment has ${expected} ports`,
    ask,
  ],
  OutputsMissing: () => ['The model has no output', remake],
  PathLengthWrong: ([given, needed]) => [`A Merkle path has ${given} siblings instead of ${needed}`, ask],
  PortsMismatch: ([found, expected]) => [`The segment has ${found} ports, and its circuit ${expected}`, ask],
  PortsTooMany: ([count, limit]) => [
    `A circuit has ${count} inputs and outputs; the registry takes ${limit}`,
    'Cut the model otherwise: a segment with so many edges cannot be shown in one transaction.',
  ],
  ProofHashMismatch: ([found, expected]) => [
    `The artifact has digest ${found}, and ${expected} was submitted`,
    'Defend with the very bytes that were submitted: they lie in the data directory of the node that did.',
  ],
  ProofRejected: ([, segment]) => [`The verifier rejects the proof of segment ${segment}`, proof],
  ReentrancyGuardReentrantCall: () => [
    'A token or an account called back into the market',
    'Do not use this token.',
  ],
  SafeCastOverflowedUintDowncast: ([bits, value]) => [
    `${value} does not fit ${bits} bits`,
    'Give a smaller amount.',
  ],
  SafeERC20FailedOperation: ([token]) => [
    `The token ${token} refused a transfer`,
    'Check the balance, and that the market may take this much (approve).',
  ],
  SchemeUnsupported: () => [
    'The proof system cannot bind an edge of this scheme on chain',
    'Prove with --target chain, and register that.',
  ],
  SegmentUnknown: ([segment, count]) => [
    `There is no segment ${segment}: the job has ${count}`,
    '`tessera jobs` shows them; they are counted from 0.',
  ],
  SegmentsOutOfRange: ([count, limit]) => [
    `The model has ${count} segments; the registry takes 1 to ${limit}`,
    'Cut the model into fewer segments.',
  ],
  SrsMismatch: ([found, expected]) => [
    `The circuit rests on SRS ${found}, and the contracts verify under ${expected}`,
    'Deploy the contracts for this SRS (`tessera chain deploy --for CERTIFICATE --deployment FILE`), or make the keys under theirs (--srs).',
  ],
  SrsUnlisted: ([srs]) => [`A circuit rests on SRS ${srs}, which the model does not list`, remake],
  StakeInsufficient: ([account, needed, free]) => [
    `${account} has ${coin(free)} of free stake, and ${coin(needed)} is needed`,
    'Deposit more (`tessera claim --stake AMOUNT`), or wait for a bond to be freed.',
  ],
  StakeNotReleased: ([releasedAt]) => [`The stake is released at ${date(releasedAt)}`, 'Wait until then.'],
  StateWrong: ([found, needed]) => [
    `The segment is ${state(found)}, and would have to be ${state(needed)}`,
    'Somebody was faster, or it was done already: `tessera jobs` shows how it stands.',
  ],
  TensorTooLarge: ([elements, limit]) => [
    `A tensor has ${elements} elements, above ${limit}`,
    'Cut the model into smaller segments.',
  ],
  TransferMismatch: ([token, received, expected]) => [
    `The market received ${received} of token ${token} instead of ${expected}: it takes a fee`,
    'Pay in another token.',
  ],
  ValueMismatch: ([sent, expected]) => [`${coin(sent)} was sent instead of ${coin(expected)}`, report],
  VerificationTooDear: ([gasNeeded, limit]) => [
    `Verifying a proof of the circuit may take ${gasNeeded} gas, above ${limit}`,
    'Cut the model into smaller segments, or commit its large edges instead of making them public.',
  ],
  VerifierRepeated: () => ['Two verifiers are given for one proof system and SRS', 'Give each SRS once.'],
  VerifierUnknown: ([verifier]) => [
    `The registry does not verify by ${verifier}`,
    'Use the deployment file that belongs to this registry.',
  ],
  VerifyingDataMalformed: ([what, found, expected]) => [
    `The verifying data are not a circuit's of this kind: ${what} is ${found} instead of ${expected}`,
    remake,
  ],
  WindowOutOfRange: ([window, shortest, longest]) => [
    `The window of ${window} s is outside ${shortest} to ${longest}`,
    'Post the job with another --window.',
  ],
  WiringMismatch: () => ['The segment’s place in the graph does not stand under the model’s root', ask],
};

/**
 * The error of this program for a call that the chain refuses.
 *
 * @param action what was tried, in words
 * @returns `CHAIN_REFUSED` for a revert; nothing for any other failure
 */
export function refusalOf(error: unknown, action: string): TesseraError | undefined {
  const reverted =
    error instanceof BaseError ? error.walk((inner) => inner instanceof ContractFunctionRevertedError) : null;
  if (!(reverted instanceof ContractFunctionRevertedError)) return undefined;
  const name = reverted.data?.errorName;
  const args = (reverted.data?.args ?? []) as readonly unknown[];
  const [message, remedy] =
    name !== undefined && Object.hasOwn(explanations, name)
      ? (explanations[name as Name] as (args: readonly unknown[]) => Explanation)(args)
      : [
          reverted.shortMessage,
          'The contract gives no known reason: check the addresses with `tessera chain status`.',
        ];
  return new TesseraError('CHAIN_REFUSED', {
    message: `${action}: ${message}`,
    remedy,
    details: { error: name ?? null, arguments: args.map(String) },
    cause: error,
  });
}
