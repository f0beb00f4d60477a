// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Terms} from "../Job.sol";
import {MarketState} from "./MarketState.sol";

/// @title How a segment ends: verified, paid, or open again after a failure; and what becomes of reward and bond.
abstract contract Outcomes is MarketState {
    /// @notice Times that a bond doubles; later failures raise it no further, so that nobody can make a segment too dear.
    uint256 public constant MAX_RAISES = 4;
    /// @notice Part of a slashed bond that may be paid as a reward for gas: one in so many. The rest is burned.
    uint256 public constant REWARD_DIVISOR = 4;

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

    /// Makes a segment count as verified; the last one makes the job's statement so.
    function accept(Terms calldata terms, Job storage job, bytes32 id, uint256 index, Segment storage segment) internal {
        segment.state = State.Verified;
        job.verified++;
        if (job.verified == job.segments) verdicts[statementOf(terms)] = Verdict.Verified;
        emit SegmentVerified(id, index, msg.sender);
    }

    /// Tells of a job whose last segment has just been paid, or verified.
    function announce(Terms calldata terms, bytes32 id, Job storage job) internal {
        if (job.verified + job.settled < job.segments) return;
        emit JobSettled(id, terms.model, terms.inputDigest, terms.outputDigest, job.settled, terms.window);
    }

    /// Pays the reserved reward and frees the bond.
    function pay(Terms calldata terms, Segment storage segment) internal {
        credit(segment.claimant, terms.token, segment.reward);
        nodes.unlock(segment.claimant, segment.bond);
    }

    /// Opens a segment again after a failure: at a higher bond, and not to the one who failed.
    function reopen(Terms calldata terms, Job storage job, bytes32 id, uint256 index, Segment storage segment)
        internal
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
    function gasReward(uint256 gasUnits, uint256 bond) internal view returns (uint256) {
        return Math.min(gasUnits * block.basefee, bond / REWARD_DIVISOR);
    }
}
