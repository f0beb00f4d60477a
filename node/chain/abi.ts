/** What this program calls of the contracts; a test holds it to the compiled ABIs. */
import { parseAbi } from 'viem';

const manifestStructs = [
  'struct EdgeType { uint256[] shape; bool signed; int256 scale; bool proven; int256 lo; int256 hi; bytes32 scheme; bytes32 srs; uint256 k; uint256 usableRows; bool blinded; }',
  'struct Artifact { bytes32 role; bytes32 digest; }',
  'struct CircuitDescription { bytes32 adapter; Artifact[] artifacts; EdgeType[] inputs; EdgeType[] outputs; }',
  'struct ModelDescription { bytes32 manifest; bytes32[] circuits; uint256 segments; bytes32 wiring; uint256[] inputs; uint256[] outputs; bytes32[] srs; }',
] as const;

const proofStructs = [
  'struct BlockRef { uint256 edge; uint256 block; }',
  'struct Wiring { uint256 circuit; bytes32 leaf; bytes32[] circuitPath; bytes32[] path; BlockRef[] inputs; BlockRef[] outputs; }',
  'struct Proof { uint256[] publicInputs; bytes data; }',
] as const;

const jobStructs = [
  'struct Terms { address requester; uint256 nonce; bytes32 model; bytes32 inputDigest; bytes32 outputDigest; bytes32 edges; uint256 edgeCount; bytes32 offers; address token; bool optimistic; uint256 window; uint256 expiry; }',
  'struct Offer { uint128 reward; uint96 bond; uint32 duration; }',
  'struct EdgeOpening { uint256 index; bytes32 digest; bytes32[] path; }',
  'struct BlockOpening { uint256 blockCount; bytes32[] blockPath; bytes32[] edgePath; }',
  'struct Job { uint128 available; uint32 segments; uint32 verified; uint32 settled; bool closed; }',
  'struct Segment { address claimant; uint64 deadline; uint8 state; uint8 failures; uint128 reward; uint128 bond; bytes32 proof; address challenger; uint96 challengeBond; }',
] as const;

const stakeStructs = [
  'struct Stake { uint128 amount; uint128 locked; uint128 leaving; uint64 releasedAt; }',
] as const;

/** Every custom error of every contract: a call may fail in one that the called one calls. */
export const errorsAbi = parseAbi([
  'error AdapterMismatch(bytes32 found, bytes32 expected)',
  'error AmountZero()',
  'error ArtifactMismatch(bytes32 found, bytes32 expected)',
  'error ArtifactMissing(bytes32 role)',
  'error ArtifactsUnordered(bytes32 role)',
  'error Barred(address account)',
  'error BondTooLow(uint256 bond, uint256 least)',
  'error BoundaryDigestMismatch(bytes32 found, bytes32 expected)',
  'error BoundaryEdgesMismatch(bytes32 found, bytes32 expected)',
  'error BoundaryMalformed(string what, uint256 found, uint256 expected)',
  'error BurnExceedsSlash(uint256 burned, uint256 slashed)',
  'error ChallengeBondTooLow(uint256 sent, uint256 needed)',
  'error ChunkTooLong(uint256 length, uint256 limit)',
  'error ChunkTooShort(uint256 length, uint256 expected)',
  'error ChunkUnknown(bytes32 digest)',
  'error CircuitUnknown(bytes32 circuit)',
  'error CodeMismatch(address verifier, bytes32 found, bytes32 expected)',
  'error ContextMismatch(uint256 found, uint256 expected)',
  'error DeadlineNotPassed(uint256 deadline)',
  'error DeadlinePassed(uint256 deadline)',
  'error DurationOutOfRange(uint256 duration, uint256 shortest, uint256 longest)',
  'error EdgeCountOutOfRange(uint256 count, uint256 limit)',
  'error EdgeMismatch(uint256 edge, bytes32 found, bytes32 expected)',
  'error EscrowInsufficient(uint256 needed, uint256 available)',
  'error EscrowZero()',
  'error ExpiryOutOfRange(uint256 expiry, uint256 earliest, uint256 latest)',
  'error FailedCall()',
  'error InsufficientBalance(uint256 balance, uint256 needed)',
  'error InsufficientGas()',
  'error JobExists(bytes32 job)',
  'error JobNotOpen(bytes32 job)',
  'error JobUnknown(bytes32 job)',
  'error LeafOutOfRange(uint256 index, uint256 count)',
  'error LockInsufficient(address account, uint256 needed, uint256 locked)',
  'error ModelUnknown(bytes32 model)',
  'error NotClaimant(address caller, address claimant)',
  'error NotOptimistic(bytes32 job)',
  'error NotRegistry(address caller)',
  'error NotRequester(address caller, address requester)',
  'error NothingOwed(address account, address token)',
  'error OfferMismatch(bytes32 found, bytes32 expected)',
  'error OpeningsMismatch(uint256 found, uint256 expected)',
  'error OutputsMissing()',
  'error PathLengthWrong(uint256 given, uint256 needed)',
  'error PortsMismatch(uint256 found, uint256 expected)',
  'error PortsTooMany(uint256 count, uint256 limit)',
  'error ProofHashMismatch(bytes32 found, bytes32 expected)',
  'error ProofRejected(bytes32 model, uint256 segment)',
  'error ReentrancyGuardReentrantCall()',
  'error SafeCastOverflowedUintDowncast(uint8 bits, uint256 value)',
  'error SafeERC20FailedOperation(address token)',
  'error SchemeUnsupported(bytes32 scheme)',
  'error SegmentUnknown(uint256 segment, uint256 count)',
  'error SegmentsOutOfRange(uint256 count, uint256 limit)',
  'error SrsMismatch(bytes32 found, bytes32 expected)',
  'error SrsUnlisted(bytes32 srs)',
  'error StakeInsufficient(address account, uint256 needed, uint256 free)',
  'error StakeNotReleased(uint256 releasedAt)',
  'error StateWrong(uint8 found, uint8 needed)',
  'error TensorTooLarge(uint256 elements, uint256 limit)',
  'error TransferMismatch(address token, uint256 received, uint256 expected)',
  'error ValueMismatch(uint256 sent, uint256 expected)',
  'error VerificationTooDear(uint256 gasNeeded, uint256 limit)',
  'error VerifierRepeated(bytes32 adapter, bytes32 srs)',
  'error VerifierUnknown(address verifier)',
  'error VerifyingDataMalformed(string what, uint256 found, uint256 expected)',
  'error WindowOutOfRange(uint256 window, uint256 shortest, uint256 longest)',
  'error WiringMismatch(bytes32 found, bytes32 expected)',
]);

export const modelRegistryAbi = [
  ...parseAbi([
    ...manifestStructs,
    ...proofStructs,
    'function chunkOf(bytes32 digest) view returns (address)',
    'function isRegistered(bytes32 id) view returns (bool)',
    'function modelId(ModelDescription description) pure returns (bytes32)',
    'function storeChunk(bytes chunk) returns (bytes32 digest)',
    'function registerCircuit(CircuitDescription description, address verifier, bytes32[] chunks, bytes rest) returns (bytes32 leaf)',
    'function registerModel(ModelDescription description) returns (bytes32 id)',
    'function verifySegment(bytes32 id, uint256 segment, Wiring wiring, Proof proof, uint256 context) view returns (bytes32[] commitments)',
  ]),
  ...errorsAbi,
] as const;

/** EIP-20, without what `approve` returns: some tokens return nothing. */
export const tokenAbi = [
  ...parseAbi([
    'function balanceOf(address account) view returns (uint256)',
    'function allowance(address owner, address spender) view returns (uint256)',
    'function approve(address spender, uint256 amount)',
  ]),
  ...errorsAbi,
] as const;

export const nodeRegistryAbi = [
  ...parseAbi([
    ...stakeStructs,
    'function deposit(address account, address market) payable',
    'function unbond(address market, uint256 amount)',
    'function withdraw(address market, address to)',
    'function stakeOf(address account, address market) view returns (Stake)',
  ]),
  ...errorsAbi,
] as const;

export const marketAbi = [
  ...parseAbi([
    ...proofStructs,
    ...jobStructs,
    'function post(Terms terms, uint256 escrow, EdgeOpening[] inputs, EdgeOpening[] outputs) payable returns (bytes32 id)',
    'function close(Terms terms)',
    'function claim(Terms terms, uint256 index, Offer offer, bytes32[] path)',
    'function abandon(Terms terms, uint256 index)',
    'function expire(Terms terms, uint256 index)',
    'function prove(Terms terms, uint256 index, Wiring wiring, BlockOpening[] openings, Proof proof)',
    'function submit(Terms terms, uint256 index, bytes32 proof)',
    'function challenge(Terms terms, uint256 index) payable',
    'function defend(Terms terms, uint256 index, Wiring wiring, BlockOpening[] openings, bytes artifact)',
    'function reject(Terms terms, uint256 index)',
    'function settle(Terms terms, uint256 index)',
    'function raise(Terms terms, uint256 index, Wiring wiring, BlockOpening[] openings, Proof proof)',
    'function withdraw(address token, address to)',
    'function owed(address account, address token) view returns (uint256)',
    'function isVerified(bytes32 model, bytes32 inputDigest, bytes32 outputDigest) view returns (bool)',
    'function isBarred(bytes32 id, uint256 index, address account) view returns (bool)',
    'function jobOf(bytes32 id) view returns (Job)',
    'function segmentOf(bytes32 id, uint256 index) view returns (Segment)',
    'function challengeBond() view returns (uint256)',
    'event JobPosted(bytes32 indexed job, bytes32 indexed model, address indexed requester, Terms terms, uint256 escrow)',
    'event JobClosed(bytes32 indexed job, uint256 refund)',
    'event SegmentClaimed(bytes32 indexed job, uint256 indexed segment, address indexed claimant, uint256 reward, uint256 bond, uint256 deadline)',
    'event ClaimAbandoned(bytes32 indexed job, uint256 indexed segment, address indexed claimant, uint256 burned)',
    'event ClaimExpired(bytes32 indexed job, uint256 indexed segment, address indexed claimant, uint256 burned)',
    'event ProofSubmitted(bytes32 indexed job, uint256 indexed segment, address indexed claimant, bytes32 proof, uint256 windowEnd)',
    'event SubmissionChallenged(bytes32 indexed job, uint256 indexed segment, address indexed challenger, uint256 bond, uint256 deadline)',
    'event SubmissionRejected(bytes32 indexed job, uint256 indexed segment, address indexed claimant, uint256 burned)',
    'event SegmentSettled(bytes32 indexed job, uint256 indexed segment, address indexed claimant)',
    'event SegmentVerified(bytes32 indexed job, uint256 indexed segment, address indexed prover)',
    'event JobSettled(bytes32 indexed job, bytes32 indexed model, bytes32 inputDigest, bytes32 outputDigest, uint256 unchallenged, uint256 window)',
    'event Credited(address indexed account, address indexed token, uint256 amount)',
    'event Withdrawn(address indexed account, address indexed token, address to, uint256 amount)',
  ]),
  ...errorsAbi,
] as const;
