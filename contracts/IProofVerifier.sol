// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The verifier of one proof system, for all circuits of it.
interface IProofVerifier {
    /// @notice The call had too little gas to reach a verdict. Callers must let this through: it is no rejection.
    error InsufficientGas();

    /// @notice Whether a proof is valid under a verifying key.
    /// @param keyDigest keccak256 of `verifyingData`, pinned by whoever relies on the answer
    /// @param verifyingData the verifying key in the encoding of the proof system
    /// @param proof the proof in the encoding of the proof system
    /// @param publicInputs elements of BN254's scalar field, each below its order
    /// @return whether the data have the pinned digest, everything is in its one canonical encoding, and the proof is
    /// valid. Reverts for want of gas only, never because of what the arguments hold.
    function verify(
        bytes32 keyDigest,
        bytes calldata verifyingData,
        bytes calldata proof,
        uint256[] calldata publicInputs
    ) external view returns (bool);
}
