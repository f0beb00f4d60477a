// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EdgeType} from "../EdgeType.sol";
import {IProofVerifier} from "../IProofVerifier.sol";
import {BlockOpening, EdgeOpening, Offer, Terms} from "../Job.sol";
import {Market} from "../Market.sol";
import {
    Artifact,
    BlockRef,
    CircuitDescription,
    ModelDescription,
    ModelRegistry,
    Proof,
    Wiring
} from "../ModelRegistry.sol";
import {MarketState} from "../market/MarketState.sol";
import {NodeRegistry} from "../NodeRegistry.sol";
import {ToyVerifier} from "../testing/ToyVerifier.sol";
import {Trees} from "./Trees.sol";
import {TestBase} from "./Vm.sol";

/// @title A market with a registered model of three segments: x → s0 → h0 → s1 → h1 → s2 → y.
/// @dev x and y are one public value each; h0 and h1 are committed in two words. The edges are numbered in that order.
abstract contract MarketFixture is TestBase {
    uint256 internal constant SEGMENTS = 3;
    uint256 internal constant EDGES = 4;
    bytes32 internal constant SRS = keccak256("srs");
    address internal constant COIN = address(0);

    ToyVerifier internal verifier;
    ModelRegistry internal models;
    NodeRegistry internal nodes;
    Market internal market;

    bytes32 internal model;
    bytes32[] internal circuitLeaves;
    bytes32[] internal segmentLeaves;

    /// A job and all that its terms stand for.
    struct Posting {
        Terms terms;
        Offer[] offers;
        bytes[] commitments;
    }

    function deployMarket() internal {
        verifier = new ToyVerifier("toy/1", SRS, true);
        IProofVerifier[] memory verifiers = new IProofVerifier[](1);
        verifiers[0] = verifier;
        models = new ModelRegistry(verifiers);
        nodes = new NodeRegistry();
        market = new Market(models, nodes);
        for (uint256 i = 0; i < SEGMENTS; i++) {
            bytes32 leaf = models.circuitLeaf(circuitOf(i));
            circuitLeaves.push(leaf);
            segmentLeaves.push(segmentLeafOf(i));
            models.registerCircuit(circuitOf(i), verifier, new bytes32[](0), keyOf(i));
        }
        model = models.registerModel(modelDescription());
    }

    function keyOf(uint256 circuit) internal pure returns (bytes memory) {
        return abi.encode("key", circuit);
    }

    function portOf(bool open) internal pure returns (EdgeType memory port) {
        port.shape = new uint256[](1);
        port.shape[0] = 1;
        port.signed = true;
        port.scheme = keccak256(open ? bytes("public") : bytes("kzg"));
        if (open) (port.proven, port.lo, port.hi) = (true, -1000, 1000);
        else (port.srs, port.k, port.usableRows) = (SRS, 13, 8186);
    }

    function circuitOf(uint256 i) internal pure returns (CircuitDescription memory description) {
        description.adapter = keccak256("toy/1");
        description.artifacts = new Artifact[](1);
        description.artifacts[0] = Artifact({role: keccak256("verifyingKey"), digest: sha256(keyOf(i))});
        description.inputs = new EdgeType[](1);
        description.outputs = new EdgeType[](1);
        description.inputs[0] = portOf(i == 0);
        description.outputs[0] = portOf(i == SEGMENTS - 1);
    }

    function segmentLeafOf(uint256 i) internal pure returns (bytes32) {
        bytes32 inputs = keccak256(abi.encode(i, 0));
        bytes32 outputs = keccak256(abi.encode(i + 1, 0));
        return keccak256(abi.encode(keccak256("tessera/segment/1"), i, i, inputs, outputs));
    }

    function modelDescription() internal view returns (ModelDescription memory description) {
        description.manifest = keccak256("manifest");
        description.circuits = circuitLeaves;
        description.segments = SEGMENTS;
        description.wiring = Trees.root(segmentLeaves);
        description.inputs = new uint256[](1);
        description.outputs = new uint256[](1);
        description.outputs[0] = EDGES - 1;
        description.srs = new bytes32[](1);
        description.srs[0] = SRS;
    }

    function edgeDigest(bytes memory commitment) internal pure returns (bytes32) {
        bytes32 blockLeaf = keccak256(abi.encode(keccak256("tessera/block/1"), keccak256(commitment)));
        return keccak256(abi.encode(keccak256("tessera/edge/1"), 1, blockLeaf));
    }

    function boundaryDigest(bytes memory commitment) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("tessera/boundary/1"), edgeDigest(commitment)));
    }

    function edgeLeaves(bytes[] memory commitments) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](EDGES);
        for (uint256 i = 0; i < EDGES; i++) {
            leaves[i] = edgeDigest(commitments[i]);
        }
    }

    function offerLeaves(Offer[] memory offers) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](SEGMENTS);
        for (uint256 i = 0; i < SEGMENTS; i++) {
            Offer memory offer = offers[i];
            leaves[i] =
                keccak256(abi.encode(keccak256("tessera/offer/1"), i, offer.reward, offer.bond, offer.duration));
        }
    }

    /// A job about the input `x`; each segment's reward is one more unit than the one's before.
    function draft(address requester, uint256 x) internal view returns (Posting memory posting) {
        posting.commitments = new bytes[](EDGES);
        posting.commitments[0] = abi.encode(x);
        for (uint256 i = 1; i < EDGES - 1; i++) {
            posting.commitments[i] = abi.encodePacked(keccak256(abi.encode(x, i)), keccak256(abi.encode(i, x)));
        }
        posting.commitments[EDGES - 1] = abi.encode(x + 1);
        posting.offers = new Offer[](SEGMENTS);
        for (uint256 i = 0; i < SEGMENTS; i++) {
            posting.offers[i] = Offer({reward: uint128(1 ether + i), bond: 0.02 ether, duration: 1 hours});
        }
        posting.terms.requester = requester;
        posting.terms.model = model;
        posting.terms.edgeCount = EDGES;
        posting.terms.optimistic = true;
        posting.terms.window = 2 hours;
        posting.terms.expiry = block.timestamp + 1 days;
        seal(posting);
    }

    /// Makes the roots and digests of a draft's terms those of its commitments and offers.
    function seal(Posting memory posting) internal pure {
        posting.terms.inputDigest = boundaryDigest(posting.commitments[0]);
        posting.terms.outputDigest = boundaryDigest(posting.commitments[EDGES - 1]);
        posting.terms.edges = Trees.root(edgeLeaves(posting.commitments));
        posting.terms.offers = Trees.root(offerLeaves(posting.offers));
    }

    function escrowOf(Posting memory posting) internal pure returns (uint256 sum) {
        for (uint256 i = 0; i < SEGMENTS; i++) {
            sum += posting.offers[i].reward;
        }
    }

    function edgeOpening(Posting memory posting, uint256 edge) internal pure returns (EdgeOpening[] memory list) {
        bytes32[] memory leaves = edgeLeaves(posting.commitments);
        list = new EdgeOpening[](1);
        list[0] = EdgeOpening({index: edge, digest: leaves[edge], path: Trees.path(leaves, edge)});
    }

    function post(Posting memory posting) internal returns (bytes32 id) {
        EdgeOpening[] memory inputs = edgeOpening(posting, 0);
        EdgeOpening[] memory outputs = edgeOpening(posting, EDGES - 1);
        uint256 escrow = escrowOf(posting);
        uint256 coins = posting.terms.token == COIN ? escrow : 0;
        vm.prank(posting.terms.requester);
        return market.post{value: coins}(posting.terms, escrow, inputs, outputs);
    }

    function offerPath(Posting memory posting, uint256 segment) internal pure returns (bytes32[] memory) {
        return Trees.path(offerLeaves(posting.offers), segment);
    }

    function claim(Posting memory posting, uint256 segment, address claimant) internal {
        bytes32[] memory path = offerPath(posting, segment);
        vm.prank(claimant);
        market.claim(posting.terms, segment, posting.offers[segment], path);
    }

    function wiringOf(uint256 segment) internal view returns (Wiring memory wiring) {
        wiring.circuit = segment;
        wiring.leaf = circuitLeaves[segment];
        wiring.circuitPath = Trees.path(circuitLeaves, segment);
        wiring.path = Trees.path(segmentLeaves, segment);
        wiring.inputs = new BlockRef[](1);
        wiring.outputs = new BlockRef[](1);
        wiring.inputs[0] = BlockRef({edge: segment, block: 0});
        wiring.outputs[0] = BlockRef({edge: segment + 1, block: 0});
    }

    function openingsOf(Posting memory posting, uint256 segment) internal pure returns (BlockOpening[] memory list) {
        bytes32[] memory leaves = edgeLeaves(posting.commitments);
        list = new BlockOpening[](2);
        for (uint256 i = 0; i < 2; i++) {
            list[i].blockCount = 1;
            list[i].blockPath = new bytes32[](0);
            list[i].edgePath = Trees.path(leaves, segment + i);
        }
    }

    /// A valid proof of a segment that binds these commitments.
    function proofOf(uint256 segment, bytes memory input, bytes memory output, uint256 context)
        internal
        view
        returns (Proof memory proof)
    {
        bool first = segment == 0;
        bool last = segment == SEGMENTS - 1;
        proof.publicInputs = new uint256[](first || last ? 2 : 1);
        proof.publicInputs[0] = context;
        if (first) proof.publicInputs[1] = abi.decode(input, (uint256));
        if (last) proof.publicInputs[1] = abi.decode(output, (uint256));
        bytes memory commitments = bytes.concat(first ? bytes("") : input, last ? bytes("") : output);
        bytes32 tag = verifier.seal(keyOf(segment), commitments, proof.publicInputs);
        proof.data = bytes.concat(commitments, tag);
    }

    /// A valid proof of a segment of the job, made by `prover`.
    function proofFor(Posting memory posting, uint256 segment, address prover) internal view returns (Proof memory) {
        uint256 context = market.contextOf(market.jobId(posting.terms), segment, prover);
        return proofOf(segment, posting.commitments[segment], posting.commitments[segment + 1], context);
    }

    function prove(Posting memory posting, uint256 segment, address prover) internal {
        Proof memory proof = proofFor(posting, segment, prover);
        Wiring memory wiring = wiringOf(segment);
        BlockOpening[] memory openings = openingsOf(posting, segment);
        vm.prank(prover);
        market.prove(posting.terms, segment, wiring, openings, proof);
    }

    function raise(Posting memory posting, uint256 segment, address prover) internal {
        Proof memory proof = proofFor(posting, segment, prover);
        Wiring memory wiring = wiringOf(segment);
        BlockOpening[] memory openings = openingsOf(posting, segment);
        vm.prank(prover);
        market.raise(posting.terms, segment, wiring, openings, proof);
    }

    function artifactOf(Posting memory posting, uint256 segment, address claimant)
        internal
        view
        returns (bytes memory)
    {
        return abi.encode(proofFor(posting, segment, claimant));
    }

    function submit(Posting memory posting, uint256 segment, address claimant, bytes32 proof) internal {
        vm.prank(claimant);
        market.submit(posting.terms, segment, proof);
    }

    function challenge(Posting memory posting, uint256 segment, address challenger) internal {
        uint256 bond = market.challengeBond();
        vm.prank(challenger);
        market.challenge{value: bond}(posting.terms, segment);
    }

    function defend(Posting memory posting, uint256 segment, address caller, bytes memory artifact) internal {
        Wiring memory wiring = wiringOf(segment);
        BlockOpening[] memory openings = openingsOf(posting, segment);
        vm.prank(caller);
        market.defend(posting.terms, segment, wiring, openings, artifact);
    }

    /// Gives an account coins and a stake that the market may bond.
    function enrol(address account, uint256 stake) internal {
        vm.deal(account, 1000 ether);
        vm.prank(account);
        nodes.deposit{value: stake}(account, address(market));
    }

    function stateOf(Posting memory posting, uint256 segment) internal view returns (MarketState.State) {
        return market.segmentOf(market.jobId(posting.terms), segment).state;
    }

    function isVerified(Posting memory posting) internal view returns (bool) {
        return market.isVerified(model, posting.terms.inputDigest, posting.terms.outputDigest);
    }
}
