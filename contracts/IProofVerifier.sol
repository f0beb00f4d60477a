// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EdgeType} from "./EdgeType.sol";

/// @notice Where a proof of a circuit shows what it binds at one port.
/// @param inProof whether the commitment stands in the proof's bytes; otherwise it is among the public inputs
/// @param words 32-byte words that it takes there
struct Port {
    bool inProof;
    uint256 words;
}

// Gas that verifying one proof may be given at most, so that a job cannot take bonds on what no transaction has room
// for: EIP-7825 ends a transaction at 16,777,216, and the market's own part is below a third of that.
uint256 constant MAX_VERIFICATION_GAS = 11_000_000;

/// @title The verifier of one proof system under one SRS, for all circuits of it.
/// @notice It has no owner and no state that could change a verdict.
interface IProofVerifier {
    /// @notice The call had too little gas to reach a verdict. Callers must let this through: it is no rejection.
    error InsufficientGas();
    /// @notice The verifying data are not of the form that the proof system gives them.
    error VerifyingDataMalformed(string what, uint256 found, uint256 expected);
    /// @notice The verifying data, or a port, carry another SRS than this verifier's.
    error SrsMismatch(bytes32 found, bytes32 expected);
    /// @notice A proof of the circuit takes more gas to verify than a transaction has room for.
    error VerificationTooDear(uint256 gasNeeded, uint256 limit);
    /// @notice The proof system has no ports of this scheme.
    error SchemeUnsupported(bytes32 scheme);

    /// @notice keccak256 of the adapter's name, as circuits carry it.
    function adapter() external view returns (bytes32);

    /// @notice keccak256 of the role of the artifact that holds the verifying data.
    function role() external view returns (bytes32);

    /// @notice Id of the SRS that every circuit rests on; 0 if the proof system has none.
    function srs() external view returns (bytes32);

    /// @notice Whether the first public input of every proof is the context that it is bound to. The ports follow.
    function hasContext() external view returns (bool);

    /// @notice Checks that verifying data are those of a circuit with these ports and of this SRS, as far as they show
    /// it, and makes the verifier ready for them. Anyone may call it, any number of times.
    /// @param verifyingData the artifact's bytes
    /// @return ports where a proof of the circuit shows what it binds, inputs before outputs
    function register(bytes calldata verifyingData, EdgeType[] calldata inputs, EdgeType[] calldata outputs)
        external
        returns (Port[] memory ports);

    /// @notice Whether a proof is valid under a verifying key.
    /// @param keyDigest keccak256 of `verifyingData`, pinned by whoever relies on the answer
    /// @param verifyingData the verifying key in the encoding of the proof system, as `register` took it
    /// @param proof the proof in the encoding of the proof system
    /// @param publicInputs elements of BN254's scalar field, each below its order
    /// @return whether the data have the pinned digest, everything is in its one canonical encoding, and the proof is
    /// valid. Reverts for want of gas only, never because of what proof and public inputs hold.
    function verify(
        bytes32 keyDigest,
        bytes calldata verifyingData,
        bytes calldata proof,
        uint256[] calldata publicInputs
    ) external view returns (bool);
}
