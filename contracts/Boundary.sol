// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Port} from "./IProofVerifier.sol";

/// @title Reads what a proof binds at its ports. It says nothing about validity.
library Boundary {
    /// @notice The proof or its public inputs have not the size that the circuit's ports take.
    error BoundaryMalformed(string what, uint256 found, uint256 expected);
    /// @notice The proof is bound to another job, segment or account.
    error ContextMismatch(uint256 found, uint256 expected);

    /// @notice keccak256 of each port's commitment. Committed ports take the proof's bytes from the front, the others the
    /// public inputs, both in the order of the ports.
    /// @param hasContext whether the first public input is no port's, but what the proof is bound to
    /// @param context what it must be bound to, below the field's order
    function read(
        Port[] memory ports,
        bytes calldata proof,
        uint256[] calldata publicInputs,
        bool hasContext,
        uint256 context
    ) internal pure returns (bytes32[] memory commitments) {
        uint256 next = 0;
        if (hasContext) {
            if (publicInputs.length == 0) revert BoundaryMalformed("public inputs", 0, 1);
            if (publicInputs[0] != context) revert ContextMismatch(publicInputs[0], context);
            next = 1;
        }
        commitments = new bytes32[](ports.length);
        uint256 offset = 0;
        for (uint256 i = 0; i < ports.length; i++) {
            uint256 words = ports[i].words;
            if (ports[i].inProof) {
                uint256 end = offset + 32 * words;
                if (end > proof.length) revert BoundaryMalformed("proof bytes", proof.length, end);
                commitments[i] = keccak256(proof[offset:end]);
                offset = end;
            } else {
                uint256 end = next + words;
                if (end > publicInputs.length) revert BoundaryMalformed("public inputs", publicInputs.length, end);
                commitments[i] = hash(publicInputs[next:end]);
                next = end;
            }
        }
        if (next != publicInputs.length) revert BoundaryMalformed("public inputs", publicInputs.length, next);
    }

    /// keccak256 of words; Solidity's own encoding copies them one by one.
    function hash(uint256[] calldata words) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let size := mul(words.length, 32)
            calldatacopy(free, words.offset, size)
            digest := keccak256(free, size)
        }
    }
}
