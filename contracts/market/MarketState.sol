// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Jobs, Terms} from "../Job.sol";
import {ModelRegistry} from "../ModelRegistry.sol";
import {NodeRegistry} from "../NodeRegistry.sol";
import {Payments} from "../Payments.sol";

/// @title All that the market keeps, and how it is found. The other parts are rules over it.
/// @dev Deadlines are inclusive: what has one may happen up to and in that second, what follows on it only after.
abstract contract MarketState is Payments {
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

    /// @notice What is known of a statement: that a model gives an output on an input.
    /// @dev Posting a job writes `Posted`, so that the proof that completes it need not pay for a new slot.
    enum Verdict {
        Unknown,
        Posted,
        Verified
    }

    error JobUnknown(bytes32 job);
    error JobNotOpen(bytes32 job);
    error SegmentUnknown(uint256 segment, uint256 count);
    error StateWrong(State found, State needed);
    error NotClaimant(address caller, address claimant);
    error DeadlinePassed(uint256 deadline);
    error DeadlineNotPassed(uint256 deadline);

    /// @notice The models that jobs name.
    ModelRegistry public immutable models;
    /// @notice The nodes whose stake is bonded.
    NodeRegistry public immutable nodes;

    mapping(bytes32 id => Job) internal jobs;
    mapping(bytes32 id => mapping(uint256 index => Segment)) internal segments;
    mapping(bytes32 id => mapping(uint256 index => mapping(address account => bool))) internal barred;
    mapping(bytes32 statement => Verdict) internal verdicts;

    constructor(ModelRegistry modelRegistry, NodeRegistry nodeRegistry) {
        models = modelRegistry;
        nodes = nodeRegistry;
    }

    function find(Terms calldata terms) internal view returns (bytes32 id, Job storage job) {
        id = Jobs.idOf(terms);
        job = jobs[id];
        if (job.segments == 0) revert JobUnknown(id);
    }

    function segmentIn(Job storage job, bytes32 id, uint256 index, State needed)
        internal
        view
        returns (Segment storage segment)
    {
        if (index >= job.segments) revert SegmentUnknown(index, job.segments);
        segment = segments[id][index];
        if (segment.state != needed) revert StateWrong(segment.state, needed);
    }

    /// The caller's claim, before its deadline.
    function ownClaim(Job storage job, bytes32 id, uint256 index) internal view returns (Segment storage segment) {
        segment = segmentIn(job, id, index, State.Claimed);
        if (segment.claimant != msg.sender) revert NotClaimant(msg.sender, segment.claimant);
        requireNotPassed(segment.deadline);
    }

    function statementOf(Terms calldata terms) internal pure returns (bytes32) {
        return Jobs.statementOf(terms.model, terms.inputDigest, terms.outputDigest);
    }

    function requirePassed(uint256 deadline) internal view {
        if (block.timestamp <= deadline) revert DeadlineNotPassed(deadline);
    }

    function requireNotPassed(uint256 deadline) internal view {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
    }
}
