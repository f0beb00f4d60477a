// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Boundary} from "./Boundary.sol";
import {EdgeType, EdgeTypes} from "./EdgeType.sol";
import {IProofVerifier, Port} from "./IProofVerifier.sol";

/// @title Groth16 over BN254 (https://eprint.iacr.org/2016/260), one contract for all circuits.
/// @notice Points are encoded as in EIP-197: 32-byte coordinates, in G2 the imaginary part first. The verifying data are
/// α ‖ β ‖ γ ‖ δ ‖ K₀ ‖ K₁ ‖ …, one K for the constant and each public input; a proof is A ‖ B ‖ C. The proof is valid
/// when e(−A, B) · e(α, β) · e(K₀ + Σ xᵢ·Kᵢ, γ) · e(C, δ) = 1. The first public input is the context, then come the
/// ports: one commitment each, or all values.
/// @dev The precompiles of EIP-196 and EIP-197 refuse coordinates that are not below the modulus, points off the curve,
/// and points of G2 outside the subgroup; they take infinity as (0, 0), which is refused here.
contract Groth16Verifier is IProofVerifier {
    /// Order of the scalar field.
    uint256 private constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    /// Modulus of the coordinates' field.
    uint256 private constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

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

    /// @inheritdoc IProofVerifier
    bytes32 public constant adapter = keccak256("groth16/bn254/gnark-0.14.0");
    /// @inheritdoc IProofVerifier
    bytes32 public constant role = keccak256("verifyingKey");
    /// @inheritdoc IProofVerifier
    /// @dev Groth16's keys come from a setup of each circuit; what that is worth, the model's audit says.
    bytes32 public constant srs = 0;

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
        uint256 size = K_OFFSET + G1_BYTES * (publicInputs + 1);
        if (verifyingData.length != size) revert VerifyingDataMalformed("bytes", verifyingData.length, size);
    }

    /// @inheritdoc IProofVerifier
    function boundary(Port[] calldata ports, bytes calldata proof, uint256[] calldata publicInputs, uint256 context)
        external
        pure
        returns (bytes32[] memory)
    {
        if (publicInputs.length == 0) revert BoundaryMalformed("public inputs", 0, 1);
        if (publicInputs[0] != context) revert ContextMismatch(publicInputs[0], context);
        return Boundary.read(ports, proof, publicInputs, 1);
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

        if (isZero(proof[0:64]) || isZero(proof[64:192]) || isZero(proof[192:256])) return false;
        if (isZero(verifyingData[0:64]) || isZero(verifyingData[64:192])) return false;
        if (isZero(verifyingData[192:320]) || isZero(verifyingData[320:K_OFFSET])) return false;

        (bool ok, bytes memory inputs) = combine(verifyingData[K_OFFSET:], publicInputs);
        return ok && pairingHolds(verifyingData, proof, inputs);
    }

    /// Public inputs that a port takes.
    function inputsOf(EdgeType calldata port) private pure returns (uint256) {
        if (port.scheme == EdgeTypes.POSEIDON2) return 1;
        if (port.scheme == EdgeTypes.PUBLIC) return EdgeTypes.elements(port);
        revert SchemeUnsupported(port.scheme);
    }

    /// The equation above; `inputs` is K₀ + Σ xᵢ·Kᵢ.
    function pairingHolds(bytes calldata verifyingData, bytes calldata proof, bytes memory inputs)
        private
        view
        returns (bool)
    {
        uint256 ay = uint256(bytes32(proof[32:64]));
        if (ay >= Q) return false;
        bytes memory pairs = bytes.concat(proof[0:32], bytes32(Q - ay), proof[64:192], verifyingData[0:192], inputs);
        pairs = bytes.concat(pairs, verifyingData[192:320], proof[192:256], verifyingData[320:K_OFFSET]);
        (bool ok, bytes memory product) = callPrecompile(PAIRING, PAIRING_GAS, pairs);
        return ok && product.length == 32 && bytes32(product) == bytes32(uint256(1));
    }

    /// K₀ + Σ xᵢ·Kᵢ as a point of G1.
    function combine(bytes calldata k, uint256[] calldata publicInputs)
        private
        view
        returns (bool ok, bytes memory sum)
    {
        if (isZero(k[0:G1_BYTES])) return (false, sum);
        sum = k[0:G1_BYTES];
        for (uint256 i = 0; i < publicInputs.length; i++) {
            uint256 input = publicInputs[i];
            bytes calldata point = k[G1_BYTES * (i + 1):G1_BYTES * (i + 2)];
            if (input >= R || isZero(point)) return (false, sum);
            bytes memory term;
            (ok, term) = callPrecompile(MULTIPLY, MULTIPLY_GAS, bytes.concat(point, bytes32(input)));
            if (!ok) return (false, sum);
            (ok, sum) = callPrecompile(ADD, ADD_GAS, bytes.concat(sum, term));
            if (!ok) return (false, sum);
        }
        return (true, sum);
    }

    /// A precompile fails alike for a bad point and for too little gas, and takes all that it is given. So it gets its
    /// price, and a call that cannot afford it reverts: nobody can have a good proof refused by stinting on gas.
    function callPrecompile(address precompile, uint256 price, bytes memory input)
        private
        view
        returns (bool, bytes memory)
    {
        // A call leaves one part in 64 to its caller (EIP-150); the account access itself costs 100 (EIP-2929).
        if ((gasleft() - gasleft() / 64) < price + 1_000) revert InsufficientGas();
        return precompile.staticcall{gas: price}(input);
    }

    /// Whether all words of an encoded point are zero: infinity.
    function isZero(bytes calldata point) private pure returns (bool) {
        uint256 bits;
        // Bounds were checked when the slice was taken; to check them anew for each word costs as much as a scalar.
        assembly ("memory-safe") {
            let end := add(point.offset, point.length)
            for { let word := point.offset } lt(word, end) { word := add(word, 32) } {
                bits := or(bits, calldataload(word))
            }
        }
        return bits == 0;
    }
}
