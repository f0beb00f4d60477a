// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {BlockOpening, EdgeOpening, Jobs, Offer, Terms} from "./Job.sol";
import {MerkleTree} from "./MerkleTree.sol";
import {Model, ModelRegistry, Proof, Wiring} from "./ModelRegistry.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {Payments} from "./Payments.sol";

/// @title The market for proofs: jobs with escrow, bonded claims, submissions that are verified or can be challenged.
/// @notice Nobody has a key that can take funds or change a verdict. `isVerified` is what others may rely on.
///
/// A segment is `Open` until it is claimed. A claim ends in a verified proof (`Verified`), in a proof's hash that can be
/// challenged (`Submitted`), or in failure (`Open` again, at a higher bond, and without this claimant). A submission ends
/// unchallenged (`Settled`), or with the proof itself (`Challenged`, then `Verified`), or in failure.
/// @dev Deadlines are inclusive: what has one may happen up to and in that second, what follows on it only after.
contract Market is Payments {
    using SafeCast for uint256;

    enum State {
        Open,
        Claimed,
        Submitted,
        Challenged,
        Settled,
        Verified
    }

    /// @notice A job's account.
    /// @param available escrow that no claim has reserved
    /// @param segments number of segments
    /// @param verified segments whose proof a verifier accepted
    /// @param settled segments that were paid unchallenged and are not verified
    /// @param closed whether new claims are refused and what is free goes back to the requester
    struct Job {
        uint128 available;
        uint32 segments;
        uint32 verified;
        uint32 settled;
        bool closed;
    }

    /// @notice What is kept of a segment once it has been claimed.
    /// @param claimant who holds, or held, the claim
    /// @param deadline end of the state it is in, if that state has one
    /// @param state see the contract's description
    /// @param failures claims that came to nothing, counted up to `MAX_RAISES`
    /// @param reward reserved for the claimant, in the job's token
    /// @param bond locked of the claimant's stake, in wei
    /// @param proof sha2-256 of the submitted proof artifact
    /// @param challenger who challenged the submission
    /// @param challengeBond what that cost, in wei
    struct Segment {
        address claimant;
        uint64 deadline;
        State state;
        uint8 failures;
        uint128 reward;
        uint128 bond;
        bytes32 proof;
        address challenger;
        uint96 challengeBond;
    }

    /// @notice Least bond of a claim, in wei.
    uint256 public constant MIN_BOND = 0.01 ether;
    /// @notice Times that a bond doubles; later failures raise it no further, so that nobody can make a segment too dear.
    uint256 public constant MAX_RAISES = 4;
    /// @notice Part of a bond that abandoning burns: one in so many.
    uint256 public constant ABANDON_DIVISOR = 4;
    /// @notice Part of a slashed bond that may be paid as a reward for gas: one in so many. The rest is burned.
    uint256 public constant REWARD_DIVISOR = 4;
    /// @notice Gas that ending a missed claim is refunded for.
    uint256 public constant EXPIRE_GAS = 150_000;
    /// @notice Gas that a challenge which nobody answers is refunded for, with its end.
    uint256 public constant CHALLENGE_GAS = 300_000;
    /// @notice Gas that a challenge pays its defence, at twice the base fee.
    uint256 public constant DEFENCE_GAS = 1_000_000;
    /// @notice Least bond of a challenge, in wei.
    uint256 public constant MIN_CHALLENGE_BOND = 0.005 ether;
    /// @notice Bounds of a challenge window, in seconds: far above what a block's timestamp can be shifted by.
    uint256 public constant MIN_WINDOW = 1 hours;
    uint256 public constant MAX_WINDOW = 30 days;
    /// @notice Seconds in which a challenge must be answered; a proof's bytes must be kept so long after the window, too.
    uint256 public constant DEFENCE_PERIOD = 1 hours;
    /// @notice Bounds of a claim's duration, in seconds.
    uint256 public constant MIN_DURATION = 10 minutes;
    uint256 public constant MAX_DURATION = 7 days;
    /// @notice Furthest expiry of a job, in seconds from its posting.
    uint256 public constant MAX_LIFETIME = 90 days;
    /// @notice Most edges of a job, as the formats limit them.
    uint256 public constant MAX_EDGES = 131_072;

    event JobPosted(bytes32 indexed job, bytes32 indexed model, address indexed requester, Terms terms, uint256 escrow);
    event JobClosed(bytes32 indexed job, uint256 refund);
    event SegmentClaimed(
        bytes32 indexed job,
        uint256 indexed segment,
        address indexed claimant,
        uint256 reward,
        uint256 bond,
        uint256 deadline
    );
    event ClaimAbandoned(bytes32 indexed job, uint256 indexed segment, address indexed claimant, uint256 burned);
    event ClaimExpired(bytes32 indexed job, uint256 indexed segment, address indexed claimant, uint256 burned);
    /// @param proof sha2-256 of the proof artifact, so also its CID
    event ProofSubmitted(
        bytes32 indexed job, uint256 indexed segment, address indexed claimant, bytes32 proof, uint256 windowEnd
    );
    event SubmissionChallenged(
        bytes32 indexed job, uint256 indexed segment, address indexed challenger, uint256 bond, uint256 deadline
    );
    event SubmissionRejected(bytes32 indexed job, uint256 indexed segment, address indexed claimant, uint256 burned);
    event SegmentSettled(bytes32 indexed job, uint256 indexed segment, address indexed claimant);
    event SegmentVerified(bytes32 indexed job, uint256 indexed segment, address indexed prover);
    /// @notice Every segment of a job has been paid. Verified if `unchallenged` is 0: then, and only then, `isVerified`.
    /// Comes once more if the unchallenged ones are proven later.
    event JobSettled(
        bytes32 indexed job,
        bytes32 indexed model,
        bytes32 inputDigest,
        bytes32 outputDigest,
        uint256 unchallenged,
        uint256 window
    );

    error NotRequester(address caller, address requester);
    error NotClaimant(address caller, address claimant);
    error NotRegistry(address caller);
    error JobExists(bytes32 job);
    error JobUnknown(bytes32 job);
    error JobNotOpen(bytes32 job);
    error EscrowZero();
    error ExpiryOutOfRange(uint256 expiry, uint256 earliest, uint256 latest);
    error WindowOutOfRange(uint256 window, uint256 shortest, uint256 longest);
    error EdgeCountOutOfRange(uint256 count, uint256 limit);
    error BoundaryEdgesMismatch(bytes32 found, bytes32 expected);
    error BoundaryDigestMismatch(bytes32 found, bytes32 expected);
    error EdgeMismatch(uint256 edge, bytes32 found, bytes32 expected);
    error OpeningsMismatch(uint256 found, uint256 expected);
    error OfferMismatch(bytes32 found, bytes32 expected);
    error BondTooLow(uint256 bond, uint256 least);
    error DurationOutOfRange(uint256 duration, uint256 shortest, uint256 longest);
    error EscrowInsufficient(uint256 needed, uint256 available);
    error SegmentUnknown(uint256 segment, uint256 count);
    error StateWrong(State found, State needed);
    error Barred(address account);
    error NotOptimistic(bytes32 job);
    error DeadlinePassed(uint256 deadline);
    error DeadlineNotPassed(uint256 deadline);
    error ChallengeBondTooLow(uint256 sent, uint256 needed);
    error ProofHashMismatch(bytes32 found, bytes32 expected);

    /// @notice The models that jobs name.
    ModelRegistry public immutable models;
    /// @notice The nodes whose stake is bonded.
    NodeRegistry public immutable nodes;

    mapping(bytes32 id => Job) private jobs;
    mapping(bytes32 id => mapping(uint256 index => Segment)) private segments;
    mapping(bytes32 id => mapping(uint256 index => mapping(address account => bool))) private barred;
    mapping(bytes32 statement => bool) private verifiedStatements;

    constructor(ModelRegistry modelRegistry, NodeRegistry nodeRegistry) {
        models = modelRegistry;
        nodes = nodeRegistry;
    }

    /// Takes what is not burned of a slashed bond.
    receive() external payable {
        if (msg.sender != address(nodes)) revert NotRegistry(msg.sender);
    }

    /// @notice Posts a job with its escrow: coins sent along, or tokens that the market may take.
    /// @param escrow what the segments' rewards are paid from; a claim reserves its own
    /// @param inputs the model's input edges, in its order
    /// @param outputs the model's output edges, in its order
    function post(
        Terms calldata terms,
        uint256 escrow,
        EdgeOpening[] calldata inputs,
        EdgeOpening[] calldata outputs
    ) external payable nonReentrant returns (bytes32 id) {
        id = Jobs.idOf(terms);
        if (msg.sender != terms.requester) revert NotRequester(msg.sender, terms.requester);
        if (jobs[id].segments != 0) revert JobExists(id);
        checkTerms(terms);
        if (escrow == 0) revert EscrowZero();
        Model memory model = models.modelOf(terms.model);
        checkBoundary(terms, inputs, model.inputs, terms.inputDigest);
        checkBoundary(terms, outputs, model.outputs, terms.outputDigest);
        jobs[id].available = escrow.toUint128();
        jobs[id].segments = uint32(model.segmentCount);
        emit JobPosted(id, terms.model, msg.sender, terms, escrow);
        collect(terms.token, escrow);
    }

    /// @notice Refuses further claims and refunds what no claim has reserved. The requester may do so at any time,
    /// everyone after the job's expiry. Claims that stand go on as they would.
    function close(Terms calldata terms) external nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        if (job.closed) revert JobNotOpen(id);
        if (msg.sender != terms.requester && block.timestamp <= terms.expiry) {
            revert NotRequester(msg.sender, terms.requester);
        }
        uint256 refund = job.available;
        job.available = 0;
        job.closed = true;
        emit JobClosed(id, refund);
        credit(terms.requester, terms.token, refund);
    }

    /// @notice Claims a segment for the caller, alone, until the offer's duration has passed. Locks its bond.
    /// @param path siblings of the offer's leaf on the way to the root of offers
    function claim(Terms calldata terms, uint256 index, Offer calldata offer, bytes32[] calldata path)
        external
        nonReentrant
    {
        (bytes32 id, Job storage job) = find(terms);
        if (job.closed || block.timestamp > terms.expiry) revert JobNotOpen(id);
        Segment storage segment = segmentIn(job, id, index, State.Open);
        if (segment.failures > 0 && barred[id][index][msg.sender]) revert Barred(msg.sender);
        checkOffer(terms, job.segments, index, offer, path);
        if (offer.reward > job.available) revert EscrowInsufficient(offer.reward, job.available);

        uint256 bond = uint256(offer.bond) << segment.failures;
        uint256 deadline = block.timestamp + offer.duration;
        job.available -= offer.reward;
        segment.claimant = msg.sender;
        segment.deadline = deadline.toUint64();
        segment.state = State.Claimed;
        segment.reward = offer.reward;
        segment.bond = bond.toUint128();
        emit SegmentClaimed(id, index, msg.sender, offer.reward, bond, deadline);
        nodes.lock(msg.sender, bond);
    }

    /// @notice Gives a claim up before its deadline: burns part of the bond instead of nearly all of it.
    function abandon(Terms calldata terms, uint256 index) external nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        Segment storage segment = ownClaim(job, id, index);
        uint256 bond = segment.bond;
        uint256 burned = bond / ABANDON_DIVISOR;
        emit ClaimAbandoned(id, index, msg.sender, burned);
        reopen(terms, job, id, index, segment);
        nodes.slash(msg.sender, burned, burned);
        nodes.unlock(msg.sender, bond - burned);
    }

    /// @notice Ends a claim that missed its deadline. Anyone may; the caller gets a reward for the gas.
    function expire(Terms calldata terms, uint256 index) external nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        Segment storage segment = segmentIn(job, id, index, State.Claimed);
        requirePassed(segment.deadline);
        address claimant = segment.claimant;
        uint256 bond = segment.bond;
        uint256 burned = bond - gasReward(EXPIRE_GAS, bond);
        emit ClaimExpired(id, index, claimant, burned);
        reopen(terms, job, id, index, segment);
        credit(msg.sender, address(0), bond - burned);
        nodes.slash(claimant, bond, burned);
    }

    /// @notice Submits a proof that is verified now, in either mode; the claimant is paid.
    /// @param openings commitments of the wiring's blocks under the job's root, inputs before outputs
    function prove(
        Terms calldata terms,
        uint256 index,
        Wiring calldata wiring,
        BlockOpening[] calldata openings,
        Proof calldata proof
    ) external nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        Segment storage segment = ownClaim(job, id, index);
        checkProof(terms, id, index, wiring, openings, proof, msg.sender);
        accept(terms, job, id, index, segment);
        announce(terms, id, job);
        pay(terms, segment);
    }

    /// @notice Submits the hash of a proof in an optimistic job. It says: these bytes, served under that CID until the
    /// window and the defence period have passed, prove the segment on the job's own edges.
    /// @param proof sha2-256 of the artifact, which is the ABI encoding of a `Proof`
    function submit(Terms calldata terms, uint256 index, bytes32 proof) external nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        if (!terms.optimistic) revert NotOptimistic(id);
        Segment storage segment = ownClaim(job, id, index);
        uint256 windowEnd = block.timestamp + terms.window;
        segment.state = State.Submitted;
        segment.deadline = windowEnd.toUint64();
        segment.proof = proof;
        emit ProofSubmitted(id, index, msg.sender, proof, windowEnd);
    }

    /// @notice Challenges a submission within its window. The coins sent along go to the claimant if the proof comes and
    /// holds, and back to the challenger, with a reward for gas, if it does not.
    function challenge(Terms calldata terms, uint256 index) external payable nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        Segment storage segment = segmentIn(job, id, index, State.Submitted);
        requireNotPassed(segment.deadline);
        uint256 needed = challengeBond();
        if (msg.value < needed) revert ChallengeBondTooLow(msg.value, needed);
        uint256 deadline = block.timestamp + DEFENCE_PERIOD;
        segment.state = State.Challenged;
        segment.deadline = deadline.toUint64();
        segment.challenger = msg.sender;
        segment.challengeBond = msg.value.toUint96();
        emit SubmissionChallenged(id, index, msg.sender, msg.value, deadline);
    }

    /// @notice Answers a challenge with the submitted artifact. Anyone may; the claimant gets the challenge's bond.
    /// @param artifact the bytes of the submitted hash
    function defend(
        Terms calldata terms,
        uint256 index,
        Wiring calldata wiring,
        BlockOpening[] calldata openings,
        bytes calldata artifact
    ) external nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        Segment storage segment = segmentIn(job, id, index, State.Challenged);
        requireNotPassed(segment.deadline);
        if (sha256(artifact) != segment.proof) revert ProofHashMismatch(sha256(artifact), segment.proof);
        Proof memory proof = abi.decode(artifact, (Proof));
        checkProof(terms, id, index, wiring, openings, proof, segment.claimant);
        accept(terms, job, id, index, segment);
        announce(terms, id, job);
        credit(segment.claimant, address(0), segment.challengeBond);
        pay(terms, segment);
    }

    /// @notice Ends a challenge that was not answered: the submission is rejected. Anyone may.
    function reject(Terms calldata terms, uint256 index) external nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        Segment storage segment = segmentIn(job, id, index, State.Challenged);
        requirePassed(segment.deadline);
        address claimant = segment.claimant;
        uint256 bond = segment.bond;
        uint256 burned = bond - gasReward(CHALLENGE_GAS, bond);
        emit SubmissionRejected(id, index, claimant, burned);
        credit(segment.challenger, address(0), segment.challengeBond + bond - burned);
        reopen(terms, job, id, index, segment);
        nodes.slash(claimant, bond, burned);
    }

    /// @notice Pays a submission that nobody challenged in its window. Anyone may. It does not count as verified.
    function settle(Terms calldata terms, uint256 index) external nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        Segment storage segment = segmentIn(job, id, index, State.Submitted);
        requirePassed(segment.deadline);
        segment.state = State.Settled;
        job.settled++;
        emit SegmentSettled(id, index, segment.claimant);
        announce(terms, id, job);
        pay(terms, segment);
    }

    /// @notice Proves a segment that was settled unchallenged, so that it counts as verified. Anyone may, at any time.
    function raise(
        Terms calldata terms,
        uint256 index,
        Wiring calldata wiring,
        BlockOpening[] calldata openings,
        Proof calldata proof
    ) external nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        Segment storage segment = segmentIn(job, id, index, State.Settled);
        checkProof(terms, id, index, wiring, openings, proof, msg.sender);
        job.settled--;
        accept(terms, job, id, index, segment);
        if (job.settled == 0) announce(terms, id, job);
    }

    /// @notice Whether it is proven that this model gives this output on this input: a verifier on this chain accepted
    /// the proof of every segment, and every edge bound the same values on all its sides.
    function isVerified(bytes32 model, bytes32 inputDigest, bytes32 outputDigest) external view returns (bool) {
        return verifiedStatements[Jobs.statementOf(model, inputDigest, outputDigest)];
    }

    /// @notice The id of a job with these terms.
    function jobId(Terms calldata terms) external view returns (bytes32) {
        return Jobs.idOf(terms);
    }

    /// @notice A job's account. Settled without a challenge are `settled` of its segments: what that is worth follows from
    /// the window in its terms and the bonds of its segments.
    function jobOf(bytes32 id) external view returns (Job memory) {
        return jobs[id];
    }

    /// @notice A segment as it stands.
    function segmentOf(bytes32 id, uint256 index) external view returns (Segment memory) {
        return segments[id][index];
    }

    /// @notice Whether an account failed a segment and may not claim it again.
    function isBarred(bytes32 id, uint256 index, address account) external view returns (bool) {
        return barred[id][index][account];
    }

    /// @notice What a challenge costs in this block, in wei: it covers the defence's gas.
    function challengeBond() public view returns (uint256) {
        return Math.max(MIN_CHALLENGE_BOND, 2 * DEFENCE_GAS * block.basefee);
    }

    /// @notice The field element that a prover's proof of a segment must be bound to, where its proof system has one.
    function contextOf(bytes32 id, uint256 index, address prover) external view returns (uint256) {
        return Jobs.contextOf(id, index, prover);
    }

    function checkTerms(Terms calldata terms) private view {
        uint256 latest = block.timestamp + MAX_LIFETIME;
        if (terms.expiry < block.timestamp || terms.expiry > latest) {
            revert ExpiryOutOfRange(terms.expiry, block.timestamp, latest);
        }
        if (terms.edgeCount == 0 || terms.edgeCount > MAX_EDGES) {
            revert EdgeCountOutOfRange(terms.edgeCount, MAX_EDGES);
        }
        uint256 shortest = terms.optimistic ? MIN_WINDOW : 0;
        uint256 longest = terms.optimistic ? MAX_WINDOW : 0;
        if (terms.window < shortest || terms.window > longest) {
            revert WindowOutOfRange(terms.window, shortest, longest);
        }
    }

    /// The opened edges must be the model's inputs, or outputs, stand under the job's root and make up the digest.
    function checkBoundary(
        Terms calldata terms,
        EdgeOpening[] calldata opened,
        bytes32 indicesHash,
        bytes32 expected
    ) private pure {
        uint256[] memory indices = new uint256[](opened.length);
        bytes32[] memory digests = new bytes32[](opened.length);
        for (uint256 i = 0; i < opened.length; i++) {
            EdgeOpening calldata edge = opened[i];
            indices[i] = edge.index;
            digests[i] = edge.digest;
            checkEdge(terms, edge.index, edge.digest, edge.path);
        }
        bytes32 found = keccak256(abi.encodePacked(indices));
        if (found != indicesHash) revert BoundaryEdgesMismatch(found, indicesHash);
        found = Jobs.boundaryDigest(digests);
        if (found != expected) revert BoundaryDigestMismatch(found, expected);
    }

    function checkEdge(Terms calldata terms, uint256 edge, bytes32 digest, bytes32[] calldata path) private pure {
        bytes32 root = MerkleTree.root(digest, edge, terms.edgeCount, path);
        if (root != terms.edges) revert EdgeMismatch(edge, root, terms.edges);
    }

    function checkOffer(
        Terms calldata terms,
        uint256 count,
        uint256 index,
        Offer calldata offer,
        bytes32[] calldata path
    ) private pure {
        bytes32 root = MerkleTree.root(Jobs.offerLeaf(index, offer), index, count, path);
        if (root != terms.offers) revert OfferMismatch(root, terms.offers);
        if (offer.bond < MIN_BOND) revert BondTooLow(offer.bond, MIN_BOND);
        if (offer.duration < MIN_DURATION || offer.duration > MAX_DURATION) {
            revert DurationOutOfRange(offer.duration, MIN_DURATION, MAX_DURATION);
        }
    }

    /// Reverts unless a verifier accepts the proof and it binds what the job's root says, at every port.
    function checkProof(
        Terms calldata terms,
        bytes32 id,
        uint256 index,
        Wiring calldata wiring,
        BlockOpening[] calldata openings,
        Proof memory proof,
        address prover
    ) private view {
        uint256 context = Jobs.contextOf(id, index, prover);
        bytes32[] memory bound = models.verifySegment(terms.model, index, wiring, proof, context);
        if (openings.length != bound.length) revert OpeningsMismatch(openings.length, bound.length);
        uint256 inputs = wiring.inputs.length;
        for (uint256 i = 0; i < bound.length; i++) {
            (uint256 edge, uint256 part) = i < inputs
                ? (wiring.inputs[i].edge, wiring.inputs[i].block)
                : (wiring.outputs[i - inputs].edge, wiring.outputs[i - inputs].block);
            checkEdge(terms, edge, Jobs.edgeDigest(bound[i], part, openings[i]), openings[i].edgePath);
        }
    }

    /// Makes a segment count as verified; the last one makes the job's statement so.
    function accept(Terms calldata terms, Job storage job, bytes32 id, uint256 index, Segment storage segment) private {
        segment.state = State.Verified;
        job.verified++;
        if (job.verified == job.segments) {
            verifiedStatements[Jobs.statementOf(terms.model, terms.inputDigest, terms.outputDigest)] = true;
        }
        emit SegmentVerified(id, index, msg.sender);
    }

    /// Tells of a job whose last segment has just been paid, or verified.
    function announce(Terms calldata terms, bytes32 id, Job storage job) private {
        if (job.verified + job.settled < job.segments) return;
        emit JobSettled(id, terms.model, terms.inputDigest, terms.outputDigest, job.settled, terms.window);
    }

    /// Pays the reserved reward and frees the bond.
    function pay(Terms calldata terms, Segment storage segment) private {
        credit(segment.claimant, terms.token, segment.reward);
        nodes.unlock(segment.claimant, segment.bond);
    }

    /// Opens a segment again after a failure: at a higher bond, and not to the one who failed.
    function reopen(Terms calldata terms, Job storage job, bytes32 id, uint256 index, Segment storage segment)
        private
    {
        uint128 reward = segment.reward;
        if (job.closed) credit(terms.requester, terms.token, reward);
        else job.available += reward;
        barred[id][index][segment.claimant] = true;
        uint256 failures = Math.min(segment.failures + 1, MAX_RAISES);
        delete segments[id][index];
        segment.failures = uint8(failures);
    }

    /// What a slashed bond pays for gas: at the block's base fee, and never more than its share.
    function gasReward(uint256 gasUnits, uint256 bond) private view returns (uint256) {
        return Math.min(gasUnits * block.basefee, bond / REWARD_DIVISOR);
    }

    function find(Terms calldata terms) private view returns (bytes32 id, Job storage job) {
        id = Jobs.idOf(terms);
        job = jobs[id];
        if (job.segments == 0) revert JobUnknown(id);
    }

    function segmentIn(Job storage job, bytes32 id, uint256 index, State needed)
        private
        view
        returns (Segment storage segment)
    {
        if (index >= job.segments) revert SegmentUnknown(index, job.segments);
        segment = segments[id][index];
        if (segment.state != needed) revert StateWrong(segment.state, needed);
    }

    /// The caller's claim, before its deadline.
    function ownClaim(Job storage job, bytes32 id, uint256 index) private view returns (Segment storage segment) {
        segment = segmentIn(job, id, index, State.Claimed);
        if (segment.claimant != msg.sender) revert NotClaimant(msg.sender, segment.claimant);
        requireNotPassed(segment.deadline);
    }

    function requirePassed(uint256 deadline) private view {
        if (block.timestamp <= deadline) revert DeadlineNotPassed(deadline);
    }

    function requireNotPassed(uint256 deadline) private view {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
    }
}
