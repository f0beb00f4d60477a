// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Boundary} from "../Boundary.sol";
import {EdgeType} from "../EdgeType.sol";
import {EzklVerifier} from "../EzklVerifier.sol";
import {Groth16Verifier} from "../Groth16Verifier.sol";
import {IProofVerifier, Port} from "../IProofVerifier.sol";
import {TestBase} from "./Vm.sol";

/// @notice A real circuit and proof, as contracts/testing/forge-fixture.ts writes them.
struct RealProof {
    bytes runtime;
    bytes32 srs;
    bytes verifyingData;
    EdgeType[] inputs;
    EdgeType[] outputs;
    bytes proof;
    uint256[] publicInputs;
}

/// @title The adapters on real proofs. Making these takes ezkl and gnark, so the tests are skipped where none lie ready.
contract RealProofsTest is TestBase {
    string private constant FOLDER = "node_modules/.cache/tessera/forge/fixtures/";
    uint256 private constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    address private constant HALO2 = address(0xE2);

    function load(string memory name) private returns (RealProof memory) {
        string memory path = string.concat(FOLDER, name);
        if (!vm.exists(path)) vm.skip(true);
        return abi.decode(vm.readFileBinary(path), (RealProof));
    }

    function read(Port[] memory ports, RealProof calldata real, bool hasContext)
        external
        pure
        returns (bytes32[] memory)
    {
        return Boundary.read(ports, real.proof, real.publicInputs, hasContext, real.publicInputs[0]);
    }

    function ezkl() private returns (EzklVerifier verifier, RealProof memory real) {
        real = load("ezkl.bin");
        vm.etch(HALO2, real.runtime);
        verifier = new EzklVerifier(HALO2, real.srs);
    }

    function accepts(IProofVerifier verifier, RealProof memory real) private view returns (bool) {
        return verifier.verify(keccak256(real.verifyingData), real.verifyingData, real.proof, real.publicInputs);
    }

    /// What every adapter owes its callers.
    function checkVerdicts(IProofVerifier verifier, RealProof memory real) private view {
        vm.assertTrue(accepts(verifier, real));
        vm.assertFalse(verifier.verify(keccak256("other"), real.verifyingData, real.proof, real.publicInputs));
        for (uint256 i = 0; i < real.proof.length; i += 32) {
            real.proof[i + 31] ^= 0x01;
            vm.assertFalse(accepts(verifier, real));
            real.proof[i + 31] ^= 0x01;
        }
        bytes memory proof = real.proof;
        real.proof = bytes.concat(proof, bytes32(0));
        vm.assertFalse(accepts(verifier, real));
        real.proof = proof;
        for (uint256 i = 0; i < real.publicInputs.length; i++) {
            uint256 value = real.publicInputs[i];
            real.publicInputs[i] = value + R;
            vm.assertFalse(accepts(verifier, real));
            real.publicInputs[i] = addmod(value, 1, R);
            vm.assertFalse(accepts(verifier, real));
            real.publicInputs[i] = value;
        }
        uint256[] memory values = real.publicInputs;
        real.publicInputs = new uint256[](values.length + 1);
        vm.assertFalse(accepts(verifier, real));
        real.publicInputs = values;
        bytes memory call = abi.encodeCall(
            IProofVerifier.verify, (keccak256(real.verifyingData), real.verifyingData, real.proof, real.publicInputs)
        );
        (bool success, bytes memory reason) = address(verifier).staticcall{gas: 150_000}(call);
        vm.assertFalse(success);
        vm.assertEq(reason, abi.encodeWithSelector(IProofVerifier.InsufficientGas.selector));
        vm.assertTrue(accepts(verifier, real));
    }

    function test_ezkl_verdicts() public {
        (EzklVerifier verifier, RealProof memory real) = ezkl();
        vm.assertFalse(accepts(verifier, real));
        verifier.register(real.verifyingData, real.inputs, real.outputs);
        checkVerdicts(verifier, real);
    }

    function test_ezkl_showsWhatAProofBinds() public {
        (EzklVerifier verifier, RealProof memory real) = ezkl();
        Port[] memory ports = verifier.register(real.verifyingData, real.inputs, real.outputs);
        vm.assertFalse(verifier.hasContext());
        bytes32[] memory bound = this.read(ports, real, false);
        vm.assertEq(bound[0], keccak256(abi.encodePacked(real.publicInputs)));
        bytes memory point = new bytes(64);
        for (uint256 i = 0; i < 64; i++) {
            point[i] = real.proof[i];
        }
        vm.assertEq(bound[1], keccak256(point));
    }

    function refused(EzklVerifier verifier, RealProof memory real, bytes4 reason) private {
        vm.expectPartialRevert(reason);
        verifier.register(real.verifyingData, real.inputs, real.outputs);
    }

    /// Every word that the adapter holds the key to, changed.
    function test_ezkl_refusesChangedKeys() public {
        (EzklVerifier verifier, RealProof memory real) = ezkl();
        uint8[11] memory words = [2, 5, 10, 14, 15, 16, 17, 18, 19, 31, 33];
        for (uint256 i = 0; i < words.length; i++) {
            uint256 position = 8 + 32 * uint256(words[i]) + 31;
            real.verifyingData[position] ^= 0xc0;
            refused(verifier, real, IProofVerifier.VerifyingDataMalformed.selector);
            real.verifyingData[position] ^= 0xc0;
        }
        for (uint256 i = 20; i < 24; i++) {
            real.verifyingData[8 + 32 * i + 31] ^= 0x01;
            refused(verifier, real, IProofVerifier.SrsMismatch.selector);
            real.verifyingData[8 + 32 * i + 31] ^= 0x01;
        }
        real.verifyingData[8 + 32 * 22] = 0xff;
        refused(verifier, real, IProofVerifier.VerifyingDataMalformed.selector);
    }

    function test_ezkl_refusesKeysOfOddSizes() public {
        (EzklVerifier verifier, RealProof memory real) = ezkl();
        bytes memory whole = real.verifyingData;
        real.verifyingData = bytes.concat(whole, bytes32(0));
        refused(verifier, real, IProofVerifier.VerifyingDataMalformed.selector);
        real.verifyingData = new bytes(100);
        refused(verifier, real, IProofVerifier.VerifyingDataMalformed.selector);
        real.verifyingData = whole;
        real.verifyingData[2] = 0x01;
        refused(verifier, real, IProofVerifier.VerifyingDataMalformed.selector);
    }

    /// The key, made longer by words that mean nothing, by instances that it does not have, or by evaluations.
    function test_ezkl_refusesWhatNoTransactionCouldVerify() public {
        (EzklVerifier verifier, RealProof memory real) = ezkl();
        bytes memory whole = real.verifyingData;
        uint256 words = 2_500;
        real.verifyingData = bytes.concat(whole, new bytes(8 + 32 * words - whole.length));
        (real.verifyingData[0], real.verifyingData[1]) = (bytes1(uint8(words)), bytes1(uint8(words >> 8)));
        refused(verifier, real, IProofVerifier.VerificationTooDear.selector);
        real.verifyingData = whole;
        real.verifyingData[8 + 32 * 2 + 29] = 0x01;
        refused(verifier, real, IProofVerifier.VerificationTooDear.selector);
        real.verifyingData[8 + 32 * 2 + 29] = 0x00;
        real.verifyingData[8 + 32 * 3 + 30] = 0x0c;
        refused(verifier, real, IProofVerifier.VerifyingDataMalformed.selector);
    }

    function test_ezkl_refusesOtherPorts() public {
        (EzklVerifier verifier, RealProof memory real) = ezkl();
        real.outputs[0].srs = keccak256("another");
        refused(verifier, real, IProofVerifier.SrsMismatch.selector);
        real.outputs[0].srs = real.srs;
        real.outputs[0].usableRows += 1;
        refused(verifier, real, IProofVerifier.VerifyingDataMalformed.selector);
        real.outputs[0].usableRows -= 1;
        // More columns than a proof has points.
        real.outputs[0].shape[0] = 2 ** 20;
        refused(verifier, real, IProofVerifier.VerifyingDataMalformed.selector);
        real.outputs[0].scheme = keccak256("poseidon2");
        refused(verifier, real, IProofVerifier.SchemeUnsupported.selector);
    }

    function test_groth16_verdicts() public {
        RealProof memory real = load("groth16.bin");
        Groth16Verifier verifier = new Groth16Verifier();
        Port[] memory ports = verifier.register(real.verifyingData, real.inputs, real.outputs);
        checkVerdicts(verifier, real);
        vm.assertTrue(verifier.hasContext());
        bytes32[] memory bound = this.read(ports, real, true);
        vm.assertEq(bound[0], keccak256(abi.encode(real.publicInputs[1])));
        vm.assertEq(bound[1], keccak256(abi.encode(real.publicInputs[2])));
    }

    /// Infinity, a coordinate beyond the modulus, and points off the curve, in the proof and in the key.
    function test_groth16_refusesOddPoints() public {
        RealProof memory real = load("groth16.bin");
        Groth16Verifier verifier = new Groth16Verifier();
        bytes memory good = real.proof;
        uint8[4] memory bounds = [0, 64, 192, 255];
        for (uint256 point = 0; point < 3; point++) {
            real.proof = bytes.concat(good);
            for (uint256 i = bounds[point]; i < bounds[point + 1]; i++) {
                real.proof[i] = 0;
            }
            if (point == 2) real.proof[255] = 0;
            vm.assertFalse(accepts(verifier, real));
        }
        real.proof = bytes.concat(good);
        real.proof[32] = 0xff;
        vm.assertFalse(accepts(verifier, real));
        real.proof = good;
        for (uint256 i = 448; i < 512; i++) {
            real.verifyingData[i] = 0;
        }
        vm.assertFalse(accepts(verifier, real));
        for (uint256 i = 448; i < 512; i++) {
            real.verifyingData[i] = 0x01;
        }
        vm.assertFalse(accepts(verifier, real));
        for (uint256 i = 512; i < 576; i++) {
            real.verifyingData[i] = 0x01;
        }
        vm.assertFalse(accepts(verifier, real));
    }
}
