// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";

/// @title The binary trees of protocol/README.md: a node is keccak256 of a label and its children, and where a level has
/// an odd number of nodes the last one is paired with the zero word.
/// @dev The number of leaves fixes the depth, and the index the way: under one root each index has one leaf.
library MerkleTree {
    bytes32 private constant NODE_LABEL = keccak256("tessera/node/1");

    error LeafOutOfRange(uint256 index, uint256 count);
    error PathLengthWrong(uint256 given, uint256 needed);

    /// @notice The root of the tree that has `leaf` at `index`.
    /// @param path the siblings on the way up, from the leaf's; as many as the tree of `count` leaves is deep
    function root(bytes32 leaf, uint256 index, uint256 count, bytes32[] calldata path)
        internal
        pure
        returns (bytes32 node)
    {
        if (index >= count) revert LeafOutOfRange(index, count);
        uint256 needed = Math.log2(count, Math.Rounding.Ceil);
        if (path.length != needed) revert PathLengthWrong(path.length, needed);
        node = leaf;
        for (uint256 i = 0; i < needed; i++) {
            node = index & 1 == 0 ? parent(node, path[i]) : parent(path[i], node);
            index >>= 1;
        }
    }

    /// @notice The root over all leaves; zero for none.
    function rootOf(bytes32[] memory leaves) internal pure returns (bytes32) {
        uint256 count = leaves.length;
        if (count == 0) return 0;
        while (count > 1) {
            uint256 above = (count + 1) / 2;
            for (uint256 i = 0; i < above; i++) {
                leaves[i] = parent(leaves[2 * i], 2 * i + 1 < count ? leaves[2 * i + 1] : bytes32(0));
            }
            count = above;
        }
        return leaves[0];
    }

    function parent(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return EfficientHashLib.hash(NODE_LABEL, left, right);
    }
}
