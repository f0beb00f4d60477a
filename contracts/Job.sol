// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SCALAR_ORDER} from "./Bn254.sol";
import {MerkleTree} from "./MerkleTree.sol";

/// @notice What a job promises. Its hash is the job's id, so the chain keeps nothing else of it.
/// @param requester who posts the job, answers for its edges and gets back what is not spent
/// @param nonce tells apart jobs that are otherwise alike
/// @param model id of a registered model
/// @param inputDigest digest of the input edges' commitments
/// @param outputDigest digest of the output edges' commitments
/// @param edges root over the commitments of every edge, by index
/// @param edgeCount number of edges
/// @param offers root over the offers, by segment
/// @param token ERC-20 that pays the work; zero for the chain's coin
/// @param optimistic whether a submission may be a proof's hash
/// @param window seconds in which such a submission can be challenged; 0 if the job is not optimistic
/// @param expiry last second in which segments can be claimed
struct Terms {
    address requester;
    uint256 nonce;
    bytes32 model;
    bytes32 inputDigest;
    bytes32 outputDigest;
    bytes32 edges;
    uint256 edgeCount;
    bytes32 offers;
    address token;
    bool optimistic;
    uint256 window;
    uint256 expiry;
}

/// @notice What one segment's proof is worth.
/// @param reward paid for it, in the job's token
/// @param bond staked on it, in wei; a segment that was failed before needs more
/// @param duration seconds from the claim to the latest submission
struct Offer {
    uint128 reward;
    uint96 bond;
    uint32 duration;
}

/// @notice An edge's commitments, shown under the root of all edges.
/// @param index the edge
/// @param digest see `Jobs.edgeDigest`
/// @param path siblings on the way to the root
struct EdgeOpening {
    uint256 index;
    bytes32 digest;
    bytes32[] path;
}

/// @notice One block's commitment, shown under the root of all edges.
/// @param blockCount blocks of its edge
/// @param blockPath siblings on the way to the root of the edge's blocks
/// @param edgePath siblings on the way to the root of all edges
struct BlockOpening {
    uint256 blockCount;
    bytes32[] blockPath;
    bytes32[] edgePath;
}

/// @title Names of jobs and of what they fix; protocol/job-ids.ts computes the same.
library Jobs {
    bytes32 private constant JOB_LABEL = keccak256("tessera/job/1");
    bytes32 private constant OFFER_LABEL = keccak256("tessera/offer/1");
    bytes32 private constant BLOCK_LABEL = keccak256("tessera/block/1");
    bytes32 private constant EDGE_LABEL = keccak256("tessera/edge/1");
    bytes32 private constant BOUNDARY_LABEL = keccak256("tessera/boundary/1");
    bytes32 private constant STATEMENT_LABEL = keccak256("tessera/statement/1");

    error EdgeMismatch(uint256 edge, bytes32 found, bytes32 expected);

    /// @notice A job's id: its terms, on this chain and market.
    function idOf(Terms calldata terms) internal view returns (bytes32) {
        return keccak256(abi.encode(JOB_LABEL, block.chainid, address(this), terms));
    }

    /// @notice An offer's leaf in the tree of offers.
    function offerLeaf(uint256 segment, Offer calldata offer) internal pure returns (bytes32) {
        return keccak256(abi.encode(OFFER_LABEL, segment, offer.reward, offer.bond, offer.duration));
    }

    /// @notice The root of an edge, given one of its blocks.
    /// @param commitment keccak256 of the block's commitment
    function edgeDigest(bytes32 commitment, uint256 index, BlockOpening calldata opening)
        internal
        pure
        returns (bytes32)
    {
        bytes32 leaf = keccak256(abi.encode(BLOCK_LABEL, commitment));
        bytes32 root = MerkleTree.root(leaf, index, opening.blockCount, opening.blockPath);
        return edgeDigestOf(root, opening.blockCount);
    }

    /// @notice Reverts unless an edge's digest stands under the job's root.
    function checkEdge(Terms calldata terms, uint256 edge, bytes32 digest, bytes32[] calldata path) internal pure {
        bytes32 root = MerkleTree.root(digest, edge, terms.edgeCount, path);
        if (root != terms.edges) revert EdgeMismatch(edge, root, terms.edges);
    }

    /// @notice The digest of an edge whose tensor is one block.
    /// @param commitment keccak256 of the block's commitment
    function wholeEdgeDigest(bytes32 commitment) internal pure returns (bytes32) {
        return edgeDigestOf(keccak256(abi.encode(BLOCK_LABEL, commitment)), 1);
    }

    /// @notice The digest of several edges, in the order in which the model lists its inputs or outputs.
    function boundaryDigest(bytes32[] memory edges) internal pure returns (bytes32) {
        return keccak256(bytes.concat(BOUNDARY_LABEL, abi.encodePacked(edges)));
    }

    /// @notice The name of what is verified: this model, on this input, gives this output.
    function statementOf(bytes32 model, bytes32 inputDigest, bytes32 outputDigest) internal pure returns (bytes32) {
        return keccak256(abi.encode(STATEMENT_LABEL, model, inputDigest, outputDigest));
    }

    /// @notice The field element that a proof is bound to, so that nobody else can use it.
    function contextOf(bytes32 job, uint256 segment, address prover) internal view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), job, segment, prover))) % SCALAR_ORDER;
    }

    function edgeDigestOf(bytes32 blocks, uint256 count) private pure returns (bytes32) {
        return keccak256(abi.encode(EDGE_LABEL, count, blocks));
    }
}
