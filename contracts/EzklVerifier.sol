// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {COORDINATE_MODULUS, SCALAR_ORDER} from "./Bn254.sol";
import {EdgeType, EdgeTypes} from "./EdgeType.sol";
import {IProofVerifier, MAX_VERIFICATION_GAS, Port} from "./IProofVerifier.sol";

/// @notice What this adapter calls of the reusable verifier that ezkl generates.
interface IHalo2VerifierReusable {
    function registerVka(bytes32[] memory vka) external;
    function verifyProof(bytes calldata proof, uint256[] calldata instances, bytes32[] memory vka)
        external
        returns (bool, bytes32);
}

/// @title Proofs of ezkl 23.0.5 under one SRS, through one deployment of its reusable verifier for all circuits.
/// @notice The verifying data are ezkl's VKA file: the number of words in 8 bytes, little-endian, then words of 32 bytes.
/// A proof begins with the points of the committed ports; public ports are the instances.
/// @dev Word positions are those of the Solidity source that ezkl 23.0.5 generates. That verifier takes the proof's
/// length from where the instances begin, so it accepts appended words: the length is checked here. A bad proof makes it
/// revert, and what follows the first two words of its answer is ill-formed: neither is decoded.
contract EzklVerifier is IProofVerifier {
    /// keccak256 of the runtime bytecode of ezkl's verifier, as protocol/evm-verifiers.ts lists it.
    bytes32 public constant CODE_HASH = 0x9001f52e7f1976554d034420221e76077b8578a8a8cd2883a703c2ae63b58352;

    /// The generator of G2 as EIP-197 encodes it.
    uint256 private constant G2_X1 = 11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 private constant G2_X0 = 10857046999023057135944570762232829481370756359578518086990519993285655852781;
    uint256 private constant G2_Y1 = 4082367875863433681332203403145435568316851327593401208105741076214120093531;
    uint256 private constant G2_Y0 = 8495653923123431417604973247489272438418190587263600148770280649306958101930;

    uint256 private constant HEADER = 8;
    uint256 private constant MAX_K = 28;
    /// Of a proof with its public inputs: nodes pass on no transaction above 128 KiB, some none above 95,000 bytes.
    uint256 private constant MAX_PROOF_BYTES = 81_920;
    /// W and W′ of the batch opening.
    uint256 private constant OPENING_BYTES = 128;

    uint256 private constant INSTANCES = 2;
    uint256 private constant EVALUATIONS = 3;
    uint256 private constant K = 5;
    uint256 private constant HAS_ACCUMULATOR = 10;
    uint256 private constant G1 = 14;
    uint256 private constant G2 = 16;
    uint256 private constant NEG_S_G2 = 20;
    uint256 private constant UNUSABLE_ROWS = 31;
    uint256 private constant PHASES = 33;

    /// Twice what verifications were measured to take: for the fixed part, a word of the VKA and an instance.
    uint256 private constant BASE_GAS = 1_000_000;
    uint256 private constant WORD_GAS = 4_000;
    uint256 private constant INSTANCE_GAS = 4_000;

    /// @notice The code at this address is not the verifier that was reviewed.
    error CodeMismatch(address verifier, bytes32 found, bytes32 expected);

    /// @inheritdoc IProofVerifier
    bytes32 public constant adapter = keccak256("ezkl/halo2-kzg/23.0.5");
    /// @inheritdoc IProofVerifier
    bytes32 public constant role = keccak256("vka");
    /// @inheritdoc IProofVerifier
    /// @dev ezkl's proofs carry no context: they rely on the claim's being exclusive.
    bool public constant hasContext = false;
    /// @inheritdoc IProofVerifier
    bytes32 public immutable srs;
    /// @notice The deployment of ezkl's verifier.
    IHalo2VerifierReusable public immutable halo2;

    /// @param verifier a deployment of ezkl's reusable verifier
    /// @param srsId the SRS that every circuit must rest on
    constructor(address verifier, bytes32 srsId) {
        if (verifier.codehash != CODE_HASH) revert CodeMismatch(verifier, verifier.codehash, CODE_HASH);
        halo2 = IHalo2VerifierReusable(verifier);
        srs = srsId;
    }

    /// @inheritdoc IProofVerifier
    function register(bytes calldata verifyingData, EdgeType[] calldata inputs, EdgeType[] calldata outputs)
        external
        returns (Port[] memory ports)
    {
        bytes calldata words = wordsOf(verifyingData);
        checkGroups(words);
        uint256 budget = budgetOf(words, word(words, INSTANCES));
        if (budget > MAX_VERIFICATION_GAS) revert VerificationTooDear(budget, MAX_VERIFICATION_GAS);

        ports = new Port[](inputs.length + outputs.length);
        uint256 committed = 0;
        uint256 values = 0;
        for (uint256 i = 0; i < ports.length; i++) {
            EdgeType calldata port = i < inputs.length ? inputs[i] : outputs[i - inputs.length];
            ports[i] = portOf(port, words);
            if (ports[i].inProof) committed += ports[i].words;
            else values += ports[i].words;
        }
        expect("instances", word(words, INSTANCES), values);
        uint256 length = proofLength(words);
        expect("proof bytes in half a point", length % 32, 0);
        if (32 * committed > length) revert VerifyingDataMalformed("committed bytes", 32 * committed, length);
        uint256 size = length + 32 * values;
        if (size > MAX_PROOF_BYTES) revert VerifyingDataMalformed("proof bytes", size, MAX_PROOF_BYTES);

        bytes32[] memory vka = new bytes32[](words.length / 32);
        for (uint256 i = 0; i < vka.length; i++) {
            vka[i] = bytes32(word(words, i));
        }
        halo2.registerVka(vka);
    }

    /// @inheritdoc IProofVerifier
    function verify(
        bytes32 keyDigest,
        bytes calldata verifyingData,
        bytes calldata proof,
        uint256[] calldata publicInputs
    ) external view returns (bool) {
        if (keccak256(verifyingData) != keyDigest) return false;
        bytes calldata words = verifyingData[HEADER:];
        if (proof.length != proofLength(words) || publicInputs.length != word(words, INSTANCES)) return false;
        for (uint256 i = 0; i < publicInputs.length; i++) {
            if (publicInputs[i] >= SCALAR_ORDER) return false;
        }
        uint256 budget = budgetOf(words, publicInputs.length);
        return callVerifier(encodeCall(proof, publicInputs, words), budget, keccak256(words));
    }

    /// Gas that a verification may take.
    function budgetOf(bytes calldata words, uint256 instances) private pure returns (uint256) {
        // No key has so many instances; the product must not overflow before the key is refused for another reason.
        return BASE_GAS + WORD_GAS * (words.length / 32) + INSTANCE_GAS * uint256(uint64(instances));
    }

    /// The words of a VKA file of consistent length.
    function wordsOf(bytes calldata verifyingData) private pure returns (bytes calldata words) {
        if (verifyingData.length < HEADER + 32 * (PHASES + 1)) {
            revert VerifyingDataMalformed("bytes", verifyingData.length, HEADER + 32 * (PHASES + 1));
        }
        words = verifyingData[HEADER:];
        uint256 count = 0;
        for (uint256 i = 0; i < HEADER; i++) {
            count |= uint256(uint8(verifyingData[i])) << (8 * i);
        }
        if (words.length != 32 * count) revert VerifyingDataMalformed("bytes", words.length, 32 * count);
    }

    /// The generators must be the standard ones, and [s]G2 that of the SRS.
    function checkGroups(bytes calldata words) private view {
        expect("accumulator", word(words, HAS_ACCUMULATOR), 0);
        expect("G1 x", word(words, G1), 1);
        expect("G1 y", word(words, G1 + 1), 2);
        expect("G2 x1", word(words, G2), G2_X1);
        expect("G2 x0", word(words, G2 + 1), G2_X0);
        expect("G2 y1", word(words, G2 + 2), G2_Y1);
        expect("G2 y0", word(words, G2 + 3), G2_Y0);
        uint256 y1 = word(words, NEG_S_G2 + 2);
        uint256 y0 = word(words, NEG_S_G2 + 3);
        bytes memory label = abi.encode(keccak256("tessera/srs/1"), keccak256("bn254"));
        bytes memory point = abi.encode(word(words, NEG_S_G2), word(words, NEG_S_G2 + 1), negate(y1), negate(y0));
        bytes32 found = keccak256(bytes.concat(label, point));
        if (found != srs) revert SrsMismatch(found, srs);
    }

    function portOf(EdgeType calldata port, bytes calldata words) private view returns (Port memory) {
        uint256 size = EdgeTypes.elements(port);
        if (port.scheme == EdgeTypes.PUBLIC) return Port({inProof: false, words: size});
        if (port.scheme != EdgeTypes.KZG) revert SchemeUnsupported(port.scheme);
        if (port.srs != srs) revert SrsMismatch(port.srs, srs);
        uint256 k = word(words, K);
        if (k > MAX_K) revert VerifyingDataMalformed("k", k, MAX_K);
        expect("k", k, port.k);
        uint256 unusable = word(words, UNUSABLE_ROWS);
        if (unusable >= 2 ** k) revert VerifyingDataMalformed("unusable rows", unusable, 2 ** k);
        uint256 rows = 2 ** k - unusable;
        expect("usable rows", rows, port.usableRows);
        // ezkl makes room for one more cell a column than the tensor has: a full column takes a second, empty one.
        uint256 columns = (size + size / rows + 1) / rows + 1;
        return Port({inProof: true, words: 2 * columns});
    }

    /// The length that a proof must have: the points of each phase, the evaluations, and the opening.
    /// The low byte of the word at PHASES counts the words of their list; then each phase has two bytes with the length of
    /// its points, low byte first, and one with its challenges, none of them straddling two words.
    function proofLength(bytes calldata words) private pure returns (uint256 length) {
        length = 32 * (word(words, EVALUATIONS) & 0xffff) + OPENING_BYTES;
        uint256 end = PHASES + (word(words, PHASES) & 0xff);
        if (32 * end > words.length) revert VerifyingDataMalformed("phases", end, words.length / 32);
        for (uint256 i = PHASES; i < end; i++) {
            uint256 list = i == PHASES ? word(words, i) >> 8 : word(words, i);
            for (; list != 0; list >>= 24) {
                length += list & 0xffff;
            }
        }
    }

    /// The call in its one ABI encoding: the verifier reads from fixed places of the calldata.
    function encodeCall(bytes calldata proof, uint256[] calldata instances, bytes calldata words)
        private
        pure
        returns (bytes memory)
    {
        uint256 instancesAt = 4 * 32 + proof.length;
        uint256 wordsAt = instancesAt + 32 + 32 * instances.length;
        return bytes.concat(
            IHalo2VerifierReusable.verifyProof.selector,
            abi.encode(uint256(96), instancesAt, wordsAt, proof.length),
            proof,
            abi.encodePacked(instances.length, instances),
            bytes32(words.length / 32),
            words
        );
    }

    /// Whether the verifier answered (true, digest). It gets all the gas it may need, or the call reverts: nobody can have
    /// a good proof refused by stinting on gas, and a bad one burns no more than that.
    function callVerifier(bytes memory data, uint256 budget, bytes32 digest) private view returns (bool) {
        address target = address(halo2);
        // A call leaves one part in 64 to its caller (EIP-150); the account access itself costs 2,600 (EIP-2929).
        if (gasleft() - gasleft() / 64 < budget + 5_000) revert InsufficientGas();
        bool success;
        uint256 accepted;
        bytes32 found;
        // A high-level call would copy and decode the whole answer.
        assembly ("memory-safe") {
            mstore(0x00, 0)
            mstore(0x20, 0)
            success := staticcall(budget, target, add(data, 0x20), mload(data), 0x00, 0x40)
            accepted := mload(0x00)
            found := mload(0x20)
        }
        return success && accepted == 1 && found == digest;
    }

    function word(bytes calldata words, uint256 index) private pure returns (uint256) {
        return uint256(bytes32(words[32 * index:32 * index + 32]));
    }

    /// −y in the coordinates' field; refuses what is not a canonical coordinate.
    function negate(uint256 y) private pure returns (uint256) {
        if (y >= COORDINATE_MODULUS) revert VerifyingDataMalformed("coordinate", y, COORDINATE_MODULUS);
        return y == 0 ? 0 : COORDINATE_MODULUS - y;
    }

    function expect(string memory what, uint256 found, uint256 expected) private pure {
        if (found != expected) revert VerifyingDataMalformed(what, found, expected);
    }
}
