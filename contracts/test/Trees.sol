// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Roots and ways of the trees of protocol/README.md, written anew: slow, and easy to see through.
library Trees {
    function parent(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("tessera/node/1"), left, right));
    }

    function above(bytes32[] memory level) private pure returns (bytes32[] memory next) {
        next = new bytes32[]((level.length + 1) / 2);
        for (uint256 i = 0; i < next.length; i++) {
            next[i] = parent(level[2 * i], 2 * i + 1 < level.length ? level[2 * i + 1] : bytes32(0));
        }
    }

    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        while (leaves.length > 1) {
            leaves = above(leaves);
        }
        return leaves[0];
    }

    function path(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory siblings) {
        uint256 depth = 0;
        for (uint256 width = 1; width < leaves.length; width *= 2) {
            depth++;
        }
        siblings = new bytes32[](depth);
        for (uint256 i = 0; i < depth; i++) {
            uint256 sibling = index ^ 1;
            siblings[i] = sibling < leaves.length ? leaves[sibling] : bytes32(0);
            leaves = above(leaves);
            index /= 2;
        }
    }
}
