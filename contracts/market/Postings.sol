// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {EdgeOpening, Jobs, Terms} from "../Job.sol";
import {Model} from "../ModelRegistry.sol";
import {MarketState} from "./MarketState.sol";

/// @title How a job begins, and how it takes no further claims.
abstract contract Postings is MarketState {
    using SafeCast for uint256;

    /// @notice Bounds of a challenge window, in seconds: far above what a block's timestamp can be shifted by.
    uint256 public constant MIN_WINDOW = 1 hours;
    uint256 public constant MAX_WINDOW = 30 days;
    /// @notice Furthest expiry of a job, in seconds from its posting.
    uint256 public constant MAX_LIFETIME = 90 days;
    /// @notice Most edges of a job, as the formats limit them.
    uint256 public constant MAX_EDGES = 131_072;

    event JobPosted(bytes32 indexed job, bytes32 indexed model, address indexed requester, Terms terms, uint256 escrow);
    event JobClosed(bytes32 indexed job, uint256 refund);

    error NotRequester(address caller, address requester);
    error JobExists(bytes32 job);
    error EscrowZero();
    error ExpiryOutOfRange(uint256 expiry, uint256 earliest, uint256 latest);
    error WindowOutOfRange(uint256 window, uint256 shortest, uint256 longest);
    error EdgeCountOutOfRange(uint256 count, uint256 limit);
    error BoundaryEdgesMismatch(bytes32 found, bytes32 expected);
    error BoundaryDigestMismatch(bytes32 found, bytes32 expected);

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
        bytes32 statement = statementOf(terms);
        if (verdicts[statement] == Verdict.Unknown) verdicts[statement] = Verdict.Posted;
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
            Jobs.checkEdge(terms, edge.index, edge.digest, edge.path);
        }
        bytes32 found = keccak256(abi.encodePacked(indices));
        if (found != indicesHash) revert BoundaryEdgesMismatch(found, indicesHash);
        found = Jobs.boundaryDigest(digests);
        if (found != expected) revert BoundaryDigestMismatch(found, expected);
    }
}
