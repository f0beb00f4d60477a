// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Jobs, Terms} from "./Job.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {Challenges} from "./market/Challenges.sol";
import {Claims} from "./market/Claims.sol";
import {MarketState} from "./market/MarketState.sol";
import {Postings} from "./market/Postings.sol";

/// @title The market for proofs: jobs with escrow, bonded claims, submissions that are verified or can be challenged.
/// @notice Nobody has a key that can take funds or change a verdict. `isVerified` is what others may rely on.
///
/// A segment is `Open` until it is claimed. A claim ends in a verified proof (`Verified`), in a proof's hash that can be
/// challenged (`Submitted`), or in failure (`Open` again, at a higher bond, and without this claimant). A submission ends
/// unchallenged (`Settled`), or with the proof itself (`Challenged`, then `Verified`), or in failure.
contract Market is Postings, Claims, Challenges {
    error NotRegistry(address caller);

    constructor(ModelRegistry modelRegistry, NodeRegistry nodeRegistry) MarketState(modelRegistry, nodeRegistry) {}

    /// Takes what is not burned of a slashed bond.
    receive() external payable {
        if (msg.sender != address(nodes)) revert NotRegistry(msg.sender);
    }

    /// @notice Whether it is proven that this model gives this output on this input: a verifier on this chain accepted
    /// the proof of every segment, and every edge bound the same values on all its sides.
    function isVerified(bytes32 model, bytes32 inputDigest, bytes32 outputDigest) external view returns (bool) {
        return verdicts[Jobs.statementOf(model, inputDigest, outputDigest)] == Verdict.Verified;
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

    /// @notice The field element that a prover's proof of a segment must be bound to, where its proof system has one.
    function contextOf(bytes32 id, uint256 index, address prover) external view returns (uint256) {
        return Jobs.contextOf(id, index, prover);
    }
}
