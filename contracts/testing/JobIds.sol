// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BlockOpening, Jobs, Offer, Terms} from "../Job.sol";
import {MerkleTree} from "../MerkleTree.sol";

/// @title The names of jobs as contracts compute them, for tests that compare.
contract JobIds {
    function idOf(Terms calldata terms) external view returns (bytes32) {
        return Jobs.idOf(terms);
    }

    function contextOf(bytes32 job, uint256 segment, address prover) external view returns (uint256) {
        return Jobs.contextOf(job, segment, prover);
    }

    /// The root over the offers, given one of them.
    function offersRoot(uint256 segment, Offer calldata offer, uint256 count, bytes32[] calldata path)
        external
        pure
        returns (bytes32)
    {
        return MerkleTree.root(Jobs.offerLeaf(segment, offer), segment, count, path);
    }

    function edgeDigest(bytes calldata commitment, uint256 index, BlockOpening calldata opening)
        external
        pure
        returns (bytes32)
    {
        return Jobs.edgeDigest(keccak256(commitment), index, opening);
    }

    /// The root over the edges, given one of them.
    function edgesRoot(bytes32 edge, uint256 index, uint256 count, bytes32[] calldata path)
        external
        pure
        returns (bytes32)
    {
        return MerkleTree.root(edge, index, count, path);
    }

    function boundaryDigest(bytes32[] calldata edges) external pure returns (bytes32) {
        return Jobs.boundaryDigest(edges);
    }
}
