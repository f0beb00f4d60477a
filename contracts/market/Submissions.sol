// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {BlockOpening, Jobs, Terms} from "../Job.sol";
import {Proof, Wiring} from "../ModelRegistry.sol";
import {Outcomes} from "./Outcomes.sol";

/// @title Submissions: proofs that are verified now, hashes that are paid unchallenged, and proofs that come later.
abstract contract Submissions is Outcomes {
    using SafeCast for uint256;

    /// @param proof sha2-256 of the proof artifact, so also its CID
    event ProofSubmitted(
        bytes32 indexed job, uint256 indexed segment, address indexed claimant, bytes32 proof, uint256 windowEnd
    );
    event SegmentSettled(bytes32 indexed job, uint256 indexed segment, address indexed claimant);

    error NotOptimistic(bytes32 job);
    error OpeningsMismatch(uint256 found, uint256 expected);

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
        checkProof(terms, id, index, wiring, openings, proof);
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
        checkProof(terms, id, index, wiring, openings, proof);
        job.settled--;
        accept(terms, job, id, index, segment);
        if (job.settled == 0) announce(terms, id, job);
    }

    /// Reverts unless a verifier accepts the caller's proof and it binds what the job's root says.
    function checkProof(
        Terms calldata terms,
        bytes32 id,
        uint256 index,
        Wiring calldata wiring,
        BlockOpening[] calldata openings,
        Proof calldata proof
    ) private view {
        uint256 context = Jobs.contextOf(id, index, msg.sender);
        checkEdges(terms, wiring, openings, models.verifySegment(terms.model, index, wiring, proof, context));
    }

    /// Reverts unless what a proof binds at every port is what the job's root says.
    /// @param bound as `ModelRegistry.verifySegment` gives it
    function checkEdges(
        Terms calldata terms,
        Wiring calldata wiring,
        BlockOpening[] calldata openings,
        bytes32[] memory bound
    ) internal pure {
        if (openings.length != bound.length) revert OpeningsMismatch(openings.length, bound.length);
        uint256 inputs = wiring.inputs.length;
        for (uint256 i = 0; i < bound.length; i++) {
            (uint256 edge, uint256 part) = i < inputs
                ? (wiring.inputs[i].edge, wiring.inputs[i].block)
                : (wiring.outputs[i - inputs].edge, wiring.outputs[i - inputs].block);
            Jobs.checkEdge(terms, edge, Jobs.edgeDigest(bound[i], part, openings[i]), openings[i].edgePath);
        }
    }
}
