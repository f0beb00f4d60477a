// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {COORDINATE_MODULUS, SCALAR_ORDER} from "./Bn254.sol";
import {EdgeType, EdgeTypes} from "./EdgeType.sol";
import {IProofVerifier, MAX_VERIFICATION_GAS, Port} from "./IProofVerifier.sol";

/// @title Groth16 over BN254 (https://eprint.iacr.org/2016/260), one contract for all circuits.
/// @notice Points are encoded as in EIP-197: 32-byte coordinates, in G2 the imaginary part first. The verifying data are
/// α ‖ β ‖ γ ‖ δ ‖ K₀ ‖ K₁ ‖ …, one K for the constant and each public input; a proof is A ‖ B ‖ C. The proof is valid
/// when e(−A, B) · e(α, β) · e(K₀ + Σ xᵢ·Kᵢ, γ) · e(C, δ) = 1. The first public input is the context, then come the
/// ports: one commitment each, or all values.
/// @dev The precompiles of EIP-196 and EIP-197 refuse coordinates that are not below the modulus, points off the curve,
/// and points of G2 outside the subgroup; they take infinity as (0, 0), which is refused here.
contract Groth16Verifier is IProofVerifier {
    uint256 private constant G1_BYTES = 64;
    uint256 private constant PROOF_BYTES = 256;
    /// Offset of K₀ in the verifying data.
    uint256 private constant K_OFFSET = 448;

    address private constant ADD = address(6);
    address private constant MULTIPLY = address(7);
    address private constant PAIRING = address(8);
    /// Prices of EIP-1108; the pairing's for four pairs.
    uint256 private constant ADD_GAS = 150;
    uint256 private constant MULTIPLY_GAS = 6_000;
    uint256 private constant PAIRING_GAS = 45_000 + 4 * 34_000;
    /// Rather more than what the contract takes for a public input beside the precompiles, its calldata included.
    uint256 private constant INPUT_GAS = 3_000;

    /// @inheritdoc IProofVerifier
    bytes32 public constant adapter = keccak256("groth16/bn254/gnark-0.14.0");
    /// @inheritdoc IProofVerifier
    bytes32 public constant role = keccak256("verifyingKey");
    /// @inheritdoc IProofVerifier
    /// @dev Groth16's keys come from a setup of each circuit; what that is worth, the model's audit says.
    bytes32 public constant srs = 0;
    /// @inheritdoc IProofVerifier
    bool public constant hasContext = true;

    /// @inheritdoc IProofVerifier
    function register(bytes calldata verifyingData, EdgeType[] calldata inputs, EdgeType[] calldata outputs)
        external
        pure
        returns (Port[] memory ports)
    {
        ports = new Port[](inputs.length + outputs.length);
        uint256 publicInputs = 1;
        for (uint256 i = 0; i < ports.length; i++) {
            EdgeType calldata port = i < inputs.length ? inputs[i] : outputs[i - inputs.length];
            ports[i] = Port({inProof: false, words: inputsOf(port)});
            publicInputs += ports[i].words;
        }
        uint256 gasNeeded = PAIRING_GAS + publicInputs * (MULTIPLY_GAS + ADD_GAS + INPUT_GAS);
        if (gasNeeded > MAX_VERIFICATION_GAS) revert VerificationTooDear(gasNeeded, MAX_VERIFICATION_GAS);
        uint256 size = K_OFFSET + G1_BYTES * (publicInputs + 1);
        if (verifyingData.length != size) revert VerifyingDataMalformed("bytes", verifyingData.length, size);
    }

    /// @inheritdoc IProofVerifier
    function verify(
        bytes32 keyDigest,
        bytes calldata verifyingData,
        bytes calldata proof,
        uint256[] calldata publicInputs
    ) external view returns (bool) {
        if (
            proof.length != PROOF_BYTES || publicInputs.length >= verifyingData.length
                || verifyingData.length != K_OFFSET + G1_BYTES * (publicInputs.length + 1)
                || keccak256(verifyingData) != keyDigest
        ) return false;

        if (isZeroG1(proof, 0) || isZeroG2(proof, 64) || isZeroG1(proof, 192)) return false;
        if (isZeroG1(verifyingData, 0) || isZeroG2(verifyingData, 64)) return false;
        if (isZeroG2(verifyingData, 192) || isZeroG2(verifyingData, 320)) return false;

        (bool ok, uint256[5] memory inputs) = combine(verifyingData, publicInputs);
        return ok && pairingHolds(verifyingData, proof, inputs);
    }

    /// Public inputs that a port takes.
    function inputsOf(EdgeType calldata port) private pure returns (uint256) {
        if (port.scheme == EdgeTypes.POSEIDON2) return 1;
        if (port.scheme == EdgeTypes.PUBLIC) return EdgeTypes.elements(port);
        revert SchemeUnsupported(port.scheme);
    }

    /// The equation above.
    /// @param inputs begins with K₀ + Σ xᵢ·Kᵢ
    /// @dev The lengths of the data are those that `verify` asks for; so below.
    function pairingHolds(bytes calldata verifyingData, bytes calldata proof, uint256[5] memory inputs)
        private
        view
        returns (bool)
    {
        uint256 ay = uint256(bytes32(proof[32:64]));
        if (ay >= COORDINATE_MODULUS) return false;
        uint256[24] memory pairs;
        uint256 start;
        assembly ("memory-safe") {
            start := pairs
            let a := proof.offset
            let key := verifyingData.offset
            // −A and B
            calldatacopy(start, a, 32)
            mstore(add(start, 32), sub(COORDINATE_MODULUS, ay))
            calldatacopy(add(start, 64), add(a, 64), 128)
            // α and β
            calldatacopy(add(start, 192), key, 192)
            // the public inputs and γ
            mcopy(add(start, 384), inputs, 64)
            calldatacopy(add(start, 448), add(key, 192), 128)
            // C and δ
            calldatacopy(add(start, 576), add(a, 192), 64)
            calldatacopy(add(start, 640), add(key, 320), 128)
        }
        return callPrecompile(PAIRING, PAIRING_GAS, start, 768, 32) && pairs[0] == 1;
    }

    /// K₀ + Σ xᵢ·Kᵢ, a point of G1, in the first two words; the others are the point and the scalar of a product.
    function combine(bytes calldata verifyingData, uint256[] calldata publicInputs)
        private
        view
        returns (bool, uint256[5] memory words)
    {
        if (isZeroG1(verifyingData, K_OFFSET)) return (false, words);
        uint256 sum;
        assembly ("memory-safe") {
            sum := words
            calldatacopy(sum, add(verifyingData.offset, K_OFFSET), G1_BYTES)
        }
        uint256 place = K_OFFSET;
        for (uint256 i = 0; i < publicInputs.length; i++) {
            uint256 input = publicInputs[i];
            place += G1_BYTES;
            if (input >= SCALAR_ORDER || isZeroG1(verifyingData, place)) return (false, words);
            assembly ("memory-safe") {
                calldatacopy(add(sum, 64), add(verifyingData.offset, place), G1_BYTES)
                mstore(add(sum, 128), input)
            }
            if (!callPrecompile(MULTIPLY, MULTIPLY_GAS, sum + 64, 96, 64)) return (false, words);
            if (!callPrecompile(ADD, ADD_GAS, sum, 128, 64)) return (false, words);
        }
        return (true, words);
    }

    /// Calls a precompile on a piece of memory; its answer takes the place of what the piece began with.
    /// A precompile fails alike for a bad point and for too little gas, and takes all that it is given. So it gets its
    /// price, and a call that cannot afford it reverts: nobody can have a good proof refused by stinting on gas.
    function callPrecompile(address precompile, uint256 price, uint256 start, uint256 size, uint256 answerSize)
        private
        view
        returns (bool ok)
    {
        // A call leaves one part in 64 to its caller (EIP-150); the account access itself costs 100 (EIP-2929).
        if ((gasleft() - gasleft() / 64) < price + 1_000) revert InsufficientGas();
        assembly ("memory-safe") {
            ok := staticcall(price, precompile, start, size, start, answerSize)
            // A chain without the precompile answers nothing.
            ok := and(ok, eq(returndatasize(), answerSize))
        }
    }

    /// Whether an encoded point of G1 is infinity: all of its words are zero.
    function isZeroG1(bytes calldata data, uint256 place) private pure returns (bool zero) {
        // The places lie within the lengths that were checked; to check each anew costs as much as a scalar.
        assembly ("memory-safe") {
            let point := add(data.offset, place)
            zero := iszero(or(calldataload(point), calldataload(add(point, 32))))
        }
    }

    /// The same of G2, whose points have two coordinates in each half.
    function isZeroG2(bytes calldata data, uint256 place) private pure returns (bool) {
        return isZeroG1(data, place) && isZeroG1(data, place + 64);
    }
}
