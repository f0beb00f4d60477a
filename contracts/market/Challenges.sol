// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {BlockOpening, Jobs, Terms} from "../Job.sol";
import {Proof, Wiring} from "../ModelRegistry.sol";
import {Submissions} from "./Submissions.sol";

/// @title Challenges of submissions: how they are raised, answered and lost.
abstract contract Challenges is Submissions {
    using SafeCast for uint256;

    /// @notice Gas that a challenge which nobody answers is refunded for, with its end.
    uint256 public constant CHALLENGE_GAS = 300_000;
    /// @notice Gas that a challenge pays its defence, at twice the base fee.
    uint256 public constant DEFENCE_GAS = 1_000_000;
    /// @notice Least bond of a challenge, in wei.
    uint256 public constant MIN_CHALLENGE_BOND = 0.005 ether;
    /// @notice Seconds in which a challenge must be answered; a proof's bytes must be kept so long after the window, too.
    uint256 public constant DEFENCE_PERIOD = 1 hours;

    event SubmissionChallenged(
        bytes32 indexed job, uint256 indexed segment, address indexed challenger, uint256 bond, uint256 deadline
    );
    event SubmissionRejected(bytes32 indexed job, uint256 indexed segment, address indexed claimant, uint256 burned);

    error ChallengeBondTooLow(uint256 sent, uint256 needed);
    error ProofHashMismatch(bytes32 found, bytes32 expected);

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
        // Decoded into memory, so that nothing outside the hashed bytes can be taken for a part of the proof.
        checkDefence(terms, id, index, wiring, openings, abi.decode(artifact, (Proof)), segment.claimant);
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

    /// @notice What a challenge costs in this block, in wei: it covers the defence's gas.
    function challengeBond() public view returns (uint256) {
        return Math.max(MIN_CHALLENGE_BOND, 2 * DEFENCE_GAS * block.basefee);
    }

    /// Reverts unless a verifier accepts the claimant's proof and it binds what the job's root says.
    function checkDefence(
        Terms calldata terms,
        bytes32 id,
        uint256 index,
        Wiring calldata wiring,
        BlockOpening[] calldata openings,
        Proof memory proof,
        address claimant
    ) private view {
        uint256 context = Jobs.contextOf(id, index, claimant);
        bytes32[] memory bound = models.verifySegment(terms.model, index, wiring, proof, context);
        checkEdges(terms, wiring, openings, bound);
    }
}
