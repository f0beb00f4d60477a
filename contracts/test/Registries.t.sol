// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EdgeTypes} from "../EdgeType.sol";
import {EzklVerifier} from "../EzklVerifier.sol";
import {Groth16Verifier} from "../Groth16Verifier.sol";
import {IProofVerifier, Port} from "../IProofVerifier.sol";
import {EdgeType} from "../EdgeType.sol";
import {
    Artifact,
    CircuitDescription,
    ModelDescription,
    ModelRegistry,
    Proof,
    Wiring
} from "../ModelRegistry.sol";
import {Node, NodeRegistry} from "../NodeRegistry.sol";
import {ToyVerifier} from "../testing/ToyVerifier.sol";
import {MarketFixture} from "./MarketFixture.sol";

/// @title What the registries and the adapters take, and refuse for its reason.
contract RegistriesTest is MarketFixture {
    address internal constant ACCOUNT = address(0x1001);
    /// Stands for a market, and for another account.
    address internal constant PEER = address(0x1002);
    address internal constant THIRD = address(0x1003);

    function setUp() public {
        vm.warp(1_800_000_000);
        deployMarket();
        vm.deal(ACCOUNT, 10 ether);
    }

    // Models.

    function refusedCircuit(
        CircuitDescription memory description,
        IProofVerifier by,
        bytes32[] memory chunks,
        bytes memory data,
        bytes4 reason
    ) private {
        vm.expectPartialRevert(reason);
        models.registerCircuit(description, by, chunks, data);
    }

    function fresh() private pure returns (CircuitDescription memory description) {
        description = circuitOf(0);
        description.artifacts[0].digest = sha256("fresh key");
    }

    function test_circuits_needTheArtifactThatTheyName() public {
        bytes32[] memory none = new bytes32[](0);
        refusedCircuit(fresh(), verifier, none, "another key", ModelRegistry.ArtifactMismatch.selector);
        refusedCircuit(fresh(), verifier, none, "", ModelRegistry.ArtifactMismatch.selector);
        CircuitDescription memory description = fresh();
        description.artifacts[0].role = keccak256("settings");
        refusedCircuit(description, verifier, none, "fresh key", ModelRegistry.ArtifactMissing.selector);
        bytes32[] memory unknown = new bytes32[](1);
        refusedCircuit(fresh(), verifier, unknown, "fresh key", ModelRegistry.ChunkUnknown.selector);
        bytes memory long = new bytes(24_576);
        vm.expectPartialRevert(ModelRegistry.ChunkTooLong.selector);
        models.storeChunk(long);
        models.registerCircuit(fresh(), verifier, none, "fresh key");
        vm.assertEq(models.verifyingData(models.circuitLeaf(fresh())), "fresh key");
    }

    /// What is too long to stand with the circuit is kept apart, and read back the same.
    function testFuzz_circuits_keepVerifyingDataOfAnyLength(uint256 length) public {
        bytes memory data = new bytes(length % 24_576);
        for (uint256 i = 31; i < data.length; i += 32) {
            data[i] = bytes1(uint8(i / 32 + 1));
        }
        CircuitDescription memory description = fresh();
        description.artifacts[0].digest = sha256(data);
        bytes32 leaf = models.registerCircuit(description, verifier, new bytes32[](0), data);
        vm.assertEq(keccak256(models.verifyingData(leaf)), keccak256(data));
        bool apart = models.chunkOf(keccak256(data)) != address(0);
        vm.assertTrue(apart == (data.length > models.MAX_REST()));
    }

    function test_circuits_haveOneOrderOfArtifacts() public {
        CircuitDescription memory description = fresh();
        Artifact memory first = description.artifacts[0];
        description.artifacts = new Artifact[](2);
        (description.artifacts[0], description.artifacts[1]) = (first, first);
        refusedCircuit(description, verifier, new bytes32[](0), "fresh key", ModelRegistry.ArtifactsUnordered.selector);
    }

    function test_circuits_areVerifiedByListedCodeOnly() public {
        ToyVerifier own = new ToyVerifier("toy/1", SRS, false);
        bytes32[] memory none = new bytes32[](0);
        refusedCircuit(fresh(), own, none, "fresh key", ModelRegistry.VerifierUnknown.selector);
        CircuitDescription memory description = fresh();
        description.adapter = keccak256("toy/2");
        refusedCircuit(description, verifier, none, "fresh key", ModelRegistry.AdapterMismatch.selector);
        IProofVerifier[] memory twice = new IProofVerifier[](2);
        (twice[0], twice[1]) = (verifier, own);
        vm.expectPartialRevert(ModelRegistry.VerifierRepeated.selector);
        new ModelRegistry(twice);
    }

    function test_circuits_ofAnotherSrsAreRefused() public {
        CircuitDescription memory description = fresh();
        description.outputs[0].srs = keccak256("an SRS whose secret somebody knows");
        bytes32[] memory none = new bytes32[](0);
        refusedCircuit(description, verifier, none, "fresh key", IProofVerifier.SrsMismatch.selector);
    }

    function refusedModel(ModelDescription memory description, bytes4 reason) private {
        vm.expectPartialRevert(reason);
        models.registerModel(description);
    }

    function test_models_needWhatTheyAreMadeOf() public {
        ModelDescription memory description = modelDescription();
        description.circuits[1] = keccak256("unregistered");
        refusedModel(description, ModelRegistry.CircuitUnknown.selector);
        description = modelDescription();
        description.segments = 0;
        refusedModel(description, ModelRegistry.SegmentsOutOfRange.selector);
        description.segments = 65_537;
        refusedModel(description, ModelRegistry.SegmentsOutOfRange.selector);
        description = modelDescription();
        description.outputs = new uint256[](0);
        refusedModel(description, ModelRegistry.OutputsMissing.selector);
        description = modelDescription();
        description.srs[0] = keccak256("another");
        refusedModel(description, ModelRegistry.SrsUnlisted.selector);
    }

    /// An id is a hash of what it names: whoever registers something else gets another id, and the same changes nothing.
    function testFuzz_anIdCannotBeSquatted(bytes32 manifest, bytes32 wiring, address squatter) public {
        ModelDescription memory description = modelDescription();
        vm.assume(manifest != description.manifest || wiring != description.wiring);
        (description.manifest, description.wiring) = (manifest, wiring);
        vm.prank(squatter);
        vm.assertTrue(models.registerModel(description) != model);
        bytes32 before = keccak256(abi.encode(models.modelOf(model)));
        vm.prank(squatter);
        vm.assertEq(models.registerModel(modelDescription()), model);
        vm.assertEq(keccak256(abi.encode(models.modelOf(model))), before);
        vm.assertTrue(models.isRegistered(model));
    }

    function test_segments_haveTheirCircuitsPorts() public {
        Wiring memory wiring = wiringOf(0);
        Proof memory proof = proofOf(0, abi.encode(1), abi.encode(1, 2), 0);
        (CircuitDescription memory twoPorts, bytes32 leaf) = (circuitOf(0), bytes32(0));
        twoPorts.inputs = new EdgeType[](2);
        (twoPorts.inputs[0], twoPorts.inputs[1]) = (portOf(true), portOf(true));
        leaf = models.registerCircuit(twoPorts, verifier, new bytes32[](0), keyOf(0));
        ModelDescription memory description = modelDescription();
        description.circuits[0] = leaf;
        bytes32 other = models.registerModel(description);
        wiring.leaf = leaf;
        wiring.circuitPath[0] = circuitLeaves[1];
        vm.expectPartialRevert(ModelRegistry.PortsMismatch.selector);
        models.verifySegment(other, 0, wiring, proof, 0);

        CircuitDescription memory noOutput = circuitOf(0);
        noOutput.outputs = new EdgeType[](0);
        description.circuits[0] = models.registerCircuit(noOutput, verifier, new bytes32[](0), keyOf(0));
        wiring.leaf = description.circuits[0];
        other = models.registerModel(description);
        vm.expectPartialRevert(ModelRegistry.PortsMismatch.selector);
        models.verifySegment(other, 0, wiring, proof, 0);
    }

    // Adapters.

    function test_groth16_takesPortsThatItsKeyHasRoomFor() public {
        Groth16Verifier groth16 = new Groth16Verifier();
        EdgeType[] memory inputs = new EdgeType[](1);
        EdgeType[] memory outputs = new EdgeType[](1);
        inputs[0] = portOf(true);
        outputs[0] = portOf(true);
        outputs[0].scheme = EdgeTypes.POSEIDON2;
        Port[] memory ports = groth16.register(new bytes(448 + 64 * 4), inputs, outputs);
        vm.assertEq(ports.length, 2);
        vm.expectPartialRevert(IProofVerifier.VerifyingDataMalformed.selector);
        groth16.register(new bytes(448 + 64 * 3), inputs, outputs);
        outputs[0] = portOf(false);
        vm.expectPartialRevert(IProofVerifier.SchemeUnsupported.selector);
        groth16.register(new bytes(448 + 64 * 4), inputs, outputs);
        inputs[0].shape[0] = 2 ** 27;
        vm.expectPartialRevert(EdgeTypes.TensorTooLarge.selector);
        groth16.register("", inputs, outputs);
        inputs[0].shape = new uint256[](2);
        (inputs[0].shape[0], inputs[0].shape[1]) = (2 ** 20, 2 ** 20);
        vm.expectPartialRevert(EdgeTypes.TensorTooLarge.selector);
        groth16.register("", inputs, outputs);
    }

    function test_ezkl_runsKnownCodeOnly() public {
        vm.expectPartialRevert(EzklVerifier.CodeMismatch.selector);
        new EzklVerifier(address(verifier), SRS);
    }

    // Nodes.

    function test_nodes_sayWhoTheyAre() public {
        Node memory node = Node({
            peerKey: keccak256("key"),
            signatureR: keccak256("r"),
            signatureS: keccak256("s"),
            capabilities: keccak256("capabilities")
        });
        vm.prank(ACCOUNT);
        nodes.register(node);
        vm.assertEq(keccak256(abi.encode(nodes.nodeOf(ACCOUNT))), keccak256(abi.encode(node)));
        vm.prank(ACCOUNT);
        nodes.remove();
        vm.assertEq(nodes.nodeOf(ACCOUNT).peerKey, bytes32(0));
        vm.assertTrue(nodes.bindingMessage(ACCOUNT) != nodes.bindingMessage(PEER));
    }

    function test_stake_leavesAfterAPeriod() public {
        vm.expectPartialRevert(NodeRegistry.AmountZero.selector);
        nodes.deposit(ACCOUNT, PEER);
        vm.prank(ACCOUNT);
        nodes.deposit{value: 3 ether}(ACCOUNT, PEER);
        vm.prank(ACCOUNT);
        vm.expectPartialRevert(NodeRegistry.AmountZero.selector);
        nodes.unbond(PEER, 0);
        vm.prank(ACCOUNT);
        vm.expectPartialRevert(NodeRegistry.StakeInsufficient.selector);
        nodes.unbond(PEER, 3 ether + 1);
        vm.prank(ACCOUNT);
        nodes.unbond(PEER, 2 ether);
        vm.prank(ACCOUNT);
        vm.expectPartialRevert(NodeRegistry.StakeNotReleased.selector);
        nodes.withdraw(PEER, payable(ACCOUNT));
        vm.warp(block.timestamp + 1 days);
        vm.prank(ACCOUNT);
        nodes.withdraw(PEER, payable(THIRD));
        vm.assertEq(THIRD.balance, 2 ether);
        vm.prank(ACCOUNT);
        vm.expectPartialRevert(NodeRegistry.AmountZero.selector);
        nodes.withdraw(PEER, payable(ACCOUNT));
    }

    /// This contract plays the market that the account chose.
    function test_stake_isForTheMarketThatItsOwnerChose() public {
        vm.prank(ACCOUNT);
        nodes.deposit{value: 3 ether}(ACCOUNT, PEER);
        vm.expectPartialRevert(NodeRegistry.StakeInsufficient.selector);
        nodes.lock(ACCOUNT, 1);
        vm.prank(ACCOUNT);
        nodes.deposit{value: 3 ether}(ACCOUNT, address(this));
        nodes.lock(ACCOUNT, 2 ether);
        vm.expectPartialRevert(NodeRegistry.StakeInsufficient.selector);
        nodes.lock(ACCOUNT, 1 ether + 1);
        vm.prank(ACCOUNT);
        vm.expectPartialRevert(NodeRegistry.StakeInsufficient.selector);
        nodes.unbond(address(this), 1 ether + 1);
        vm.prank(PEER);
        vm.expectPartialRevert(NodeRegistry.LockInsufficient.selector);
        nodes.unlock(ACCOUNT, 1);
        vm.expectPartialRevert(NodeRegistry.LockInsufficient.selector);
        nodes.slash(ACCOUNT, 2 ether + 1, 0);
        vm.expectPartialRevert(NodeRegistry.BurnExceedsSlash.selector);
        nodes.slash(ACCOUNT, 1 ether, 1 ether + 1);
        uint256 before = address(this).balance;
        nodes.slash(ACCOUNT, 1 ether, 0.75 ether);
        vm.assertEq(address(this).balance - before, 0.25 ether);
        nodes.unlock(ACCOUNT, 1 ether);
        vm.assertEq(nodes.stakeOf(ACCOUNT, address(this)).amount, 2 ether);
        vm.assertEq(nodes.stakeOf(ACCOUNT, address(this)).locked, 0);
        vm.assertEq(nodes.stakeOf(ACCOUNT, PEER).amount, 3 ether);
    }

    receive() external payable {}
}
