// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Boundary} from "../Boundary.sol";
import {BlockOpening, EdgeOpening, Jobs, Offer} from "../Job.sol";
import {EdgeType} from "../EdgeType.sol";
import {Groth16Verifier} from "../Groth16Verifier.sol";
import {Market} from "../Market.sol";
import {MerkleTree} from "../MerkleTree.sol";
import {CircuitDescription, ModelRegistry, Proof, Wiring} from "../ModelRegistry.sol";
import {Payments} from "../Payments.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Challenges} from "../market/Challenges.sol";
import {Claims} from "../market/Claims.sol";
import {MarketState} from "../market/MarketState.sol";
import {Postings} from "../market/Postings.sol";
import {Submissions} from "../market/Submissions.sol";
import {MarketActors} from "./MarketActors.sol";
import {CallingToken, FalseToken, FeeToken} from "./Tokens.sol";
import {Trees} from "./Trees.sol";

/// @title What people might try on the market, each failing for its own reason.
contract AttacksTest is MarketActors {
    address internal constant THIEF = address(0x1003);

    function setUp() public override {
        super.setUp();
        enrol(THIEF, 1 ether);
    }

    function refusedProof(
        Posting memory posting,
        uint256 segment,
        address prover,
        Wiring memory wiring,
        Proof memory proof,
        bytes4 reason
    ) private {
        BlockOpening[] memory openings = openingsOf(posting, segment);
        vm.prank(prover);
        vm.expectPartialRevert(reason);
        market.prove(posting.terms, segment, wiring, openings, proof);
    }

    /// Whoever sees a claim may claim first, at the same bond and to the same duty; the late one only loses the fee.
    function test_frontRunningAClaim_locksTheThiefsBond() public {
        Posting memory posting = posted();
        claim(posting, 0, THIEF);
        bytes32[] memory path = offerPath(posting, 0);
        vm.prank(WORKER);
        vm.expectPartialRevert(MarketState.StateWrong.selector);
        market.claim(posting.terms, 0, posting.offers[0], path);
        vm.assertEq(nodes.stakeOf(WORKER, address(market)).locked, 0);
        vm.assertEq(nodes.stakeOf(THIEF, address(market)).locked, 0.02 ether);
    }

    function test_frontRunningASubmission_isForTheClaimantOnly() public {
        Posting memory posting = claimed();
        Proof memory seen = proofFor(posting, 0, WORKER);
        refusedProof(posting, 0, THIEF, wiringOf(0), seen, MarketState.NotClaimant.selector);
        bytes32 digest = sha256(abi.encode(seen));
        vm.prank(THIEF);
        vm.expectRevert(abi.encodeWithSelector(MarketState.NotClaimant.selector, THIEF, WORKER));
        market.submit(posting.terms, 0, digest);
    }

    /// The context ties a proof to its prover: somebody else's, seen in an earlier job or defence, cannot be used.
    function test_copyingAProof_isOfAnotherContext() public {
        Posting memory posting = posted();
        claim(posting, 0, THIEF);
        Proof memory copied = proofFor(posting, 0, WORKER);
        refusedProof(posting, 0, THIEF, wiringOf(0), copied, Boundary.ContextMismatch.selector);
        copied.publicInputs[0] = market.contextOf(market.jobId(posting.terms), 0, THIEF);
        refusedProof(posting, 0, THIEF, wiringOf(0), copied, ModelRegistry.ProofRejected.selector);

        Posting memory again = draft(REQUESTER, 7);
        again.terms.nonce = 1;
        seal(again);
        post(again);
        claim(again, 0, THIEF);
        Proof memory old = proofFor(posting, 0, THIEF);
        refusedProof(again, 0, THIEF, wiringOf(0), old, Boundary.ContextMismatch.selector);
    }

    /// On a fork of the chain, and on another market there, neither a job nor a proof is what it was here.
    function test_replay_onAForkOrAnotherMarket_findsNoJob() public {
        Posting memory posting = claimed();
        bytes32 id = market.jobId(posting.terms);
        uint256 context = market.contextOf(id, 0, WORKER);
        Proof memory proof = proofFor(posting, 0, WORKER);

        Market other = new Market(models, nodes);
        vm.assertTrue(other.jobId(posting.terms) != id);
        vm.assertTrue(other.contextOf(id, 0, WORKER) != context);

        vm.chainId(block.chainid + 1);
        vm.assertTrue(market.jobId(posting.terms) != id);
        vm.assertTrue(market.contextOf(id, 0, WORKER) != context);
        refusedProof(posting, 0, WORKER, wiringOf(0), proof, MarketState.JobUnknown.selector);
    }

    function test_alteredAndExtraBytes_areRejected() public {
        Posting memory posting = claimed();
        Proof memory proof = proofFor(posting, 0, WORKER);
        proof.data[0] ^= 0x01;
        refusedProof(posting, 0, WORKER, wiringOf(0), proof, ModelRegistry.ProofRejected.selector);
        proof.data[0] ^= 0x01;
        proof.data = bytes.concat(proof.data, bytes32(0));
        refusedProof(posting, 0, WORKER, wiringOf(0), proof, ModelRegistry.ProofRejected.selector);
        proof = proofFor(posting, 0, WORKER);
        proof.publicInputs = new uint256[](1);
        proof.publicInputs[0] = market.contextOf(market.jobId(posting.terms), 0, WORKER);
        refusedProof(posting, 0, WORKER, wiringOf(0), proof, Boundary.BoundaryMalformed.selector);
    }

    /// A key that is not the model's cannot be brought along: the circuit's leaf must stand under the model's root.
    function test_anUnpinnedKey_isNotUnderTheRoot() public {
        Posting memory posting = claimed();
        Wiring memory wiring = wiringOf(0);
        wiring.leaf = keccak256("the leaf of a trivial circuit");
        Proof memory proof = proofFor(posting, 0, WORKER);
        refusedProof(posting, 0, WORKER, wiring, proof, ModelRegistry.WiringMismatch.selector);
        wiring = wiringOf(0);
        wiring.leaf = circuitLeaves[1];
        refusedProof(posting, 0, WORKER, wiring, proof, ModelRegistry.WiringMismatch.selector);
    }

    function test_anotherPlaceInTheGraph_isNotUnderTheRoot() public {
        Posting memory posting = claimed();
        Proof memory proof = proofFor(posting, 0, WORKER);
        Wiring memory wiring = wiringOf(0);
        wiring.outputs[0].edge = 2;
        refusedProof(posting, 0, WORKER, wiring, proof, ModelRegistry.WiringMismatch.selector);
        wiring = wiringOf(0);
        wiring.path = new bytes32[](1);
        refusedProof(posting, 0, WORKER, wiring, proof, MerkleTree.PathLengthWrong.selector);
        BlockOpening[] memory openings = openingsOf(posting, 0);
        openings[1].blockCount = 0;
        wiring = wiringOf(0);
        vm.prank(WORKER);
        vm.expectPartialRevert(MerkleTree.LeafOutOfRange.selector);
        market.prove(posting.terms, 0, wiring, openings, proof);
    }

    /// A sham job on the model and input of an honest one, with another output: its last segment has no proof.
    function test_poisoning_needsAProofOfEverySegment() public {
        Posting memory sham = draft(THIEF, 7);
        sham.commitments[EDGES - 1] = abi.encode(1234);
        seal(sham);
        post(sham);
        for (uint256 i = 0; i < SEGMENTS; i++) {
            claim(sham, i, WORKER);
            submit(sham, i, WORKER, sha256("nothing"));
        }
        vm.warp(block.timestamp + 2 hours + 1);
        for (uint256 i = 0; i < SEGMENTS; i++) {
            market.settle(sham.terms, i);
        }
        vm.assertFalse(isVerified(sham));
        raise(sham, 0, WORKER);
        raise(sham, 1, WORKER);
        Posting memory honest = draft(REQUESTER, 7);
        Proof memory proof = proofOf(
            2,
            honest.commitments[2],
            honest.commitments[3],
            market.contextOf(market.jobId(sham.terms), 2, WORKER)
        );
        Wiring memory wiring = wiringOf(2);
        BlockOpening[] memory openings = openingsOf(sham, 2);
        vm.prank(WORKER);
        vm.expectPartialRevert(Jobs.EdgeMismatch.selector);
        market.raise(sham.terms, 2, wiring, openings, proof);
        vm.assertFalse(isVerified(sham));
    }

    /// Two commitments for one edge: one that its maker binds and one that its reader does. A root has room for one.
    function test_poisoning_cannotGiveAnEdgeTwoCommitments() public {
        Posting memory posting = claimed();
        Proof memory proof = proofFor(posting, 0, WORKER);
        BlockOpening[] memory openings = openingsOf(posting, 0);
        Wiring memory wiring = wiringOf(0);
        openings[1].edgePath = Trees.path(edgeLeaves(posting.commitments), 2);
        vm.prank(WORKER);
        vm.expectPartialRevert(Jobs.EdgeMismatch.selector);
        market.prove(posting.terms, 0, wiring, openings, proof);
        openings = openingsOf(posting, 0);
        openings[1].blockCount = 2;
        openings[1].blockPath = new bytes32[](1);
        vm.prank(WORKER);
        vm.expectPartialRevert(Jobs.EdgeMismatch.selector);
        market.prove(posting.terms, 0, wiring, openings, proof);
    }

    /// A claimant that challenges itself from another account still loses all of the bond but the gas.
    function test_selfChallenge_savesNoBond() public {
        Posting memory posting = claimed();
        submit(posting, 0, WORKER, sha256("nothing"));
        uint256 before = THIEF.balance;
        challenge(posting, 0, THIEF);
        vm.warp(block.timestamp + 1 hours + 1);
        vm.fee(1_000 gwei);
        vm.prank(THIEF);
        market.reject(posting.terms, 0);
        vm.prank(THIEF);
        market.withdraw(COIN, THIEF);
        uint256 gained = THIEF.balance - before;
        vm.assertEq(gained, 0.005 ether);
        vm.assertEq(nodes.stakeOf(WORKER, address(market)).amount, 1 ether - 0.02 ether);
        vm.assertEq(BURN.balance, 0.015 ether);
    }

    function test_lateChallenge_isRefused() public {
        Posting memory posting = claimed();
        submit(posting, 0, WORKER, sha256("nothing"));
        vm.warp(block.timestamp + 2 hours + 1);
        vm.deal(THIEF, 1 ether);
        vm.prank(THIEF);
        vm.expectPartialRevert(MarketState.DeadlinePassed.selector);
        market.challenge{value: 0.1 ether}(posting.terms, 0);
    }

    /// Nobody gets the bytes: whoever wants them challenges, and the claimant shows them on chain or loses its bond.
    function test_withholdingByAWorker_endsInAChallenge() public {
        Posting memory posting = claimed();
        bytes memory artifact = artifactOf(posting, 0, WORKER);
        submit(posting, 0, WORKER, sha256(artifact));
        challenge(posting, 0, THIEF);
        defend(posting, 0, WORKER, artifact);
        vm.assertTrue(stateOf(posting, 0) == MarketState.State.Verified);
    }

    /// A requester that goes silent, closes the job or lets it expire does not keep a proof from being paid.
    function test_withholdingByARequester_keepsNobodyFromPayment() public {
        Posting memory posting = claimed();
        vm.prank(REQUESTER);
        market.close(posting.terms);
        prove(posting, 0, WORKER);
        vm.assertEq(market.owed(WORKER, COIN), posting.offers[0].reward);
    }

    function test_reentrancy_isRefused() public {
        CallingToken token = new CallingToken();
        Posting memory posting = draft(REQUESTER, 7);
        posting.terms.token = address(token);
        token.mint(REQUESTER, 10 ether);
        vm.prank(REQUESTER);
        token.approve(address(market), type(uint256).max);
        post(posting);
        claim(posting, 0, WORKER);
        prove(posting, 0, WORKER);
        bytes4 refusal = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;

        token.arm(address(market), abi.encodeCall(Payments.withdraw, (address(token), WORKER)));
        vm.prank(WORKER);
        market.withdraw(address(token), WORKER);
        vm.assertFalse(token.succeeded());
        vm.assertEq(token.answer(), abi.encodeWithSelector(refusal));
        vm.assertEq(token.balanceOf(WORKER), posting.offers[0].reward);

        token.arm(address(market), abi.encodeCall(Postings.close, (posting.terms)));
        Posting memory second = draft(REQUESTER, 8);
        second.terms.token = address(token);
        post(second);
        vm.assertFalse(token.succeeded());
        vm.assertEq(token.answer(), abi.encodeWithSelector(refusal));
    }

    function refusedToken(address token, bytes4 reason) private {
        Posting memory posting = draft(REQUESTER, 7);
        posting.terms.token = token;
        EdgeOpening[] memory inputs = edgeOpening(posting, 0);
        EdgeOpening[] memory outputs = edgeOpening(posting, EDGES - 1);
        vm.prank(REQUESTER);
        vm.expectPartialRevert(reason);
        market.post(posting.terms, 1 ether, inputs, outputs);
    }

    function test_oddTokens_areRefused() public {
        FeeToken fees = new FeeToken();
        fees.mint(REQUESTER, 10 ether);
        vm.prank(REQUESTER);
        fees.approve(address(market), type(uint256).max);
        refusedToken(address(fees), Payments.TransferMismatch.selector);
        refusedToken(address(new FalseToken()), SafeERC20.SafeERC20FailedOperation.selector);
    }

    /// Each round costs a quarter of a doubling bond and an account; the segment stays open to everyone else.
    function test_claimAndAbandon_costsMoreEachTime() public {
        Posting memory posting = posted();
        uint256 burned = 0;
        for (uint160 i = 0; i < 4; i++) {
            address account = address(0x4000 + i);
            enrol(account, 1 ether);
            claim(posting, 0, account);
            vm.prank(account);
            market.abandon(posting.terms, 0);
            vm.assertTrue(BURN.balance - burned == 0.005 ether * 2 ** i);
            burned = BURN.balance;
            bytes32[] memory path = offerPath(posting, 0);
            vm.prank(account);
            vm.expectRevert(abi.encodeWithSelector(Claims.Barred.selector, account));
            market.claim(posting.terms, 0, posting.offers[0], path);
        }
        claim(posting, 0, WORKER);
        prove(posting, 0, WORKER);
    }

    /// A root that no execution gives: no proof fits, nobody who looks claims, and the escrow goes back.
    function test_anUnprovableJob_takesNothingFromWhoLooksFirst() public {
        Posting memory posting = draft(REQUESTER, 7);
        Posting memory truth = draft(REQUESTER, 7);
        posting.commitments[1] = abi.encode(1, 2);
        seal(posting);
        post(posting);
        claim(posting, 0, WORKER);
        uint256 context = market.contextOf(market.jobId(posting.terms), 0, WORKER);
        Proof memory proof = proofOf(0, truth.commitments[0], truth.commitments[1], context);
        refusedProof(posting, 0, WORKER, wiringOf(0), proof, Jobs.EdgeMismatch.selector);
        vm.prank(WORKER);
        market.abandon(posting.terms, 0);
        vm.assertEq(nodes.stakeOf(WORKER, address(market)).amount, 0.995 ether);
        vm.warp(posting.terms.expiry + 1);
        market.close(posting.terms);
        vm.assertEq(market.owed(REQUESTER, COIN), escrowOf(posting));
    }

    /// A circuit whose proofs no transaction has room for would take bonds that nobody can free.
    function test_anUnverifiableCircuit_isNotRegistered() public {
        CircuitDescription memory description = circuitOf(0);
        description.inputs = new EdgeType[](128);
        for (uint256 i = 0; i < 128; i++) {
            description.inputs[i] = portOf(true);
        }
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.PortsTooMany.selector, 129, 128));
        models.registerCircuit(description, verifier, new bytes32[](0), keyOf(0));

        Groth16Verifier groth16 = new Groth16Verifier();
        EdgeType[] memory ports = new EdgeType[](1);
        ports[0] = portOf(true);
        for (ports[0].shape[0] = 1; ports[0].shape[0] < 2 ** 13; ports[0].shape[0] *= 2) {
            bytes memory key = new bytes(448 + 64 * (ports[0].shape[0] + 2));
            (bool taken,) =
                address(groth16).call(abi.encodeCall(groth16.register, (key, ports, new EdgeType[](0))));
            vm.assertTrue(taken == (ports[0].shape[0] <= 1024));
        }
    }

    /// Jobs of one wei bind nobody: each costs its poster the storage, and a claim still takes the least bond.
    function test_dustJobs_costTheirPoster() public {
        Posting memory posting = draft(THIEF, 7);
        for (uint256 i = 0; i < SEGMENTS; i++) {
            posting.offers[i].reward = 1;
        }
        seal(posting);
        for (uint256 nonce = 0; nonce < 10; nonce++) {
            posting.terms.nonce = nonce;
            post(posting);
        }
        Posting memory honest = posted();
        claim(honest, 0, WORKER);
        prove(honest, 0, WORKER);
        vm.assertEq(market.owed(WORKER, COIN), honest.offers[0].reward);
    }

    /// A proposer can shift a block's time by seconds, and a sequencer by minutes: in the shortest job that can be posted,
    /// ten minutes end no claim, no window and no defence.
    function test_timestamps_moveNothingThatMatters() public {
        Posting memory posting = draft(REQUESTER, 7);
        posting.terms.window = market.MIN_WINDOW();
        posting.offers[0].duration = uint32(market.MIN_DURATION());
        seal(posting);
        post(posting);
        claim(posting, 0, WORKER);
        uint256 later = block.timestamp + 10 minutes;
        vm.warp(later);
        vm.assertFalse(attempt(abi.encodeCall(Claims.expire, (posting.terms, 0)), 0));
        submit(posting, 0, WORKER, sha256("nothing"));
        later += 10 minutes;
        vm.warp(later);
        vm.assertFalse(attempt(abi.encodeCall(Submissions.settle, (posting.terms, 0)), 0));
        challenge(posting, 0, THIEF);
        vm.warp(later + 10 minutes);
        vm.assertFalse(attempt(abi.encodeCall(Challenges.reject, (posting.terms, 0)), 0));
    }

    /// Whoever registers a circuit first chooses how its key is kept, for all who verify by it: in one way only.
    function test_aKeyInCrumbs_isRefused() public {
        bytes memory key = bytes.concat(keyOf(0), "!");
        bytes32[] memory crumbs = new bytes32[](key.length);
        for (uint256 i = 0; i < key.length; i++) {
            crumbs[i] = models.storeChunk(bytes.concat(key[i]));
        }
        CircuitDescription memory description = circuitOf(0);
        description.artifacts[0].digest = sha256(key);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ChunkTooShort.selector, 1, models.MAX_CHUNK()));
        models.registerCircuit(description, verifier, crumbs, "");
        models.registerCircuit(description, verifier, new bytes32[](0), key);
    }

    /// In every second at most one of two opposite actions is allowed.
    function testFuzz_deadlinesDoNotOverlap(uint256 wait) public {
        wait %= 4 hours;
        Posting memory posting = claimed();
        submit(posting, 0, WORKER, sha256("nothing"));
        vm.warp(block.timestamp + wait);
        bool settled = attempt(abi.encodeCall(Submissions.settle, (posting.terms, 0)), 0);
        bool challenged = attempt(abi.encodeCall(Challenges.challenge, (posting.terms, 0)), 0.005 ether);
        vm.assertTrue(settled != challenged);
    }

    function attempt(bytes memory call, uint256 value) private returns (bool success) {
        vm.prank(THIEF);
        (success,) = address(market).call{value: value}(call);
    }
}
