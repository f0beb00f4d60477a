// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IProofVerifier, Port} from "./IProofVerifier.sol";

/// @title Reads what a proof binds at its ports.
library Boundary {
    /// @notice keccak256 of each port's commitment. Committed ports take the proof's bytes from the front, the others the
    /// public inputs, both in the order of the ports.
    /// @param first public inputs that belong to no port
    function read(Port[] calldata ports, bytes calldata proof, uint256[] calldata publicInputs, uint256 first)
        internal
        pure
        returns (bytes32[] memory commitments)
    {
        commitments = new bytes32[](ports.length);
        uint256 offset = 0;
        uint256 next = first;
        for (uint256 i = 0; i < ports.length; i++) {
            uint256 words = ports[i].words;
            if (ports[i].inProof) {
                uint256 end = offset + 32 * words;
                if (end > proof.length) revert IProofVerifier.BoundaryMalformed("proof bytes", proof.length, end);
                commitments[i] = keccak256(proof[offset:end]);
                offset = end;
            } else {
                uint256 end = next + words;
                if (end > publicInputs.length) {
                    revert IProofVerifier.BoundaryMalformed("public inputs", publicInputs.length, end);
                }
                commitments[i] = keccak256(abi.encodePacked(publicInputs[next:end]));
                next = end;
            }
        }
        if (next != publicInputs.length) {
            revert IProofVerifier.BoundaryMalformed("public inputs", publicInputs.length, next);
        }
    }
}
