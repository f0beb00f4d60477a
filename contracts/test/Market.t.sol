// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BlockOpening, EdgeOpening, Jobs, Offer, Terms} from "../Job.sol";
import {Market} from "../Market.sol";
import {ModelRegistry, Proof, Wiring} from "../ModelRegistry.sol";
import {NodeRegistry} from "../NodeRegistry.sol";
import {Payments} from "../Payments.sol";
import {Challenges} from "../market/Challenges.sol";
import {Claims} from "../market/Claims.sol";
import {MarketState} from "../market/MarketState.sol";
import {Postings} from "../market/Postings.sol";
import {Submissions} from "../market/Submissions.sol";
import {MarketActors} from "./MarketActors.sol";
import {PlainToken} from "./Tokens.sol";

/// @title The market's rules, one by one: every state reached and left, every refusal for its reason.
contract MarketTest is MarketActors {
    address internal constant OTHER = address(0x1003);
    address internal constant WATCHER = address(0x1004);

    function setUp() public override {
        super.setUp();
        vm.deal(WATCHER, 1000 ether);
        enrol(OTHER, 1 ether);
    }

    function submitted(bytes memory artifact) internal returns (Posting memory posting) {
        posting = claimed();
        submit(posting, 0, WORKER, sha256(artifact));
    }

    function freeStake(address account) internal view returns (uint256) {
        return nodes.stakeOf(account, address(market)).amount - nodes.stakeOf(account, address(market)).locked;
    }

    // Posting.

    function test_post_keepsTheEscrow() public {
        Posting memory posting = posted();
        MarketState.Job memory job = market.jobOf(market.jobId(posting.terms));
        vm.assertEq(job.available, escrowOf(posting));
        vm.assertEq(job.segments, SEGMENTS);
        vm.assertEq(address(market).balance, escrowOf(posting));
    }

    function test_post_refusesAnothersJob() public {
        Posting memory posting = draft(REQUESTER, 7);
        EdgeOpening[] memory inputs = edgeOpening(posting, 0);
        EdgeOpening[] memory outputs = edgeOpening(posting, EDGES - 1);
        vm.prank(WORKER);
        vm.expectRevert(abi.encodeWithSelector(Postings.NotRequester.selector, WORKER, REQUESTER));
        market.post{value: 1 ether}(posting.terms, 1 ether, inputs, outputs);
    }

    function test_post_refusesAJobTwice() public {
        Posting memory posting = posted();
        vm.expectRevert(abi.encodeWithSelector(Postings.JobExists.selector, market.jobId(posting.terms)));
        this.postExternally(posting);
    }

    function postExternally(Posting memory posting) external {
        post(posting);
    }

    function postWith(Posting memory posting, uint256 escrow, EdgeOpening[] memory inputs, EdgeOpening[] memory outputs)
        internal
    {
        vm.prank(REQUESTER);
        market.post{value: escrow}(posting.terms, escrow, inputs, outputs);
    }

    function refusedPost(Posting memory posting, bytes4 reason) internal {
        EdgeOpening[] memory inputs = edgeOpening(posting, 0);
        EdgeOpening[] memory outputs = edgeOpening(posting, EDGES - 1);
        vm.prank(REQUESTER);
        vm.expectPartialRevert(reason);
        market.post{value: 1 ether}(posting.terms, 1 ether, inputs, outputs);
    }

    function test_post_refusesTermsOutOfRange() public {
        Posting memory posting = draft(REQUESTER, 7);
        posting.terms.expiry = block.timestamp - 1;
        refusedPost(posting, Postings.ExpiryOutOfRange.selector);
        posting.terms.expiry = block.timestamp + 90 days + 1;
        refusedPost(posting, Postings.ExpiryOutOfRange.selector);
        posting = draft(REQUESTER, 7);
        posting.terms.window = 1 hours - 1;
        refusedPost(posting, Postings.WindowOutOfRange.selector);
        posting.terms.window = 30 days + 1;
        refusedPost(posting, Postings.WindowOutOfRange.selector);
        posting.terms.optimistic = false;
        posting.terms.window = 1;
        refusedPost(posting, Postings.WindowOutOfRange.selector);
        posting = draft(REQUESTER, 7);
        posting.terms.edgeCount = 0;
        refusedPost(posting, Postings.EdgeCountOutOfRange.selector);
        posting.terms.edgeCount = 131_073;
        refusedPost(posting, Postings.EdgeCountOutOfRange.selector);
        posting = draft(REQUESTER, 7);
        posting.terms.model = keccak256("another model");
        refusedPost(posting, ModelRegistry.ModelUnknown.selector);
    }

    function test_post_refusesDigestsThatAreNotOfTheRoot() public {
        Posting memory posting = draft(REQUESTER, 7);
        posting.terms.outputDigest = boundaryDigest(abi.encode(9));
        refusedPost(posting, Postings.BoundaryDigestMismatch.selector);

        posting = draft(REQUESTER, 7);
        posting.terms.edges = keccak256("another root");
        refusedPost(posting, Jobs.EdgeMismatch.selector);

        posting = draft(REQUESTER, 7);
        EdgeOpening[] memory notTheInput = edgeOpening(posting, 1);
        EdgeOpening[] memory outputs = edgeOpening(posting, EDGES - 1);
        vm.prank(REQUESTER);
        vm.expectPartialRevert(Postings.BoundaryEdgesMismatch.selector);
        market.post{value: 1 ether}(posting.terms, 1 ether, notTheInput, outputs);
    }

    function test_post_refusesNoEscrowOrAnotherAmountThanSent() public {
        Posting memory posting = draft(REQUESTER, 7);
        EdgeOpening[] memory inputs = edgeOpening(posting, 0);
        EdgeOpening[] memory outputs = edgeOpening(posting, EDGES - 1);
        vm.prank(REQUESTER);
        vm.expectPartialRevert(Postings.EscrowZero.selector);
        market.post(posting.terms, 0, inputs, outputs);
        vm.prank(REQUESTER);
        vm.expectRevert(abi.encodeWithSelector(Payments.ValueMismatch.selector, 1 ether, 2 ether));
        market.post{value: 1 ether}(posting.terms, 2 ether, inputs, outputs);
    }

    // Claiming.

    function test_claim_reservesTheRewardAndLocksTheBond() public {
        Posting memory posting = claimed();
        MarketState.Segment memory segment = market.segmentOf(market.jobId(posting.terms), 0);
        vm.assertTrue(segment.state == MarketState.State.Claimed);
        vm.assertEq(segment.claimant, WORKER);
        vm.assertEq(segment.deadline, block.timestamp + 1 hours);
        vm.assertEq(market.jobOf(market.jobId(posting.terms)).available, escrowOf(posting) - segment.reward);
        vm.assertEq(nodes.stakeOf(WORKER, address(market)).locked, 0.02 ether);
    }

    function test_claim_isExclusive() public {
        Posting memory posting = claimed();
        bytes32[] memory path = offerPath(posting, 0);
        vm.prank(OTHER);
        vm.expectRevert(
            abi.encodeWithSelector(MarketState.StateWrong.selector, MarketState.State.Claimed, MarketState.State.Open)
        );
        market.claim(posting.terms, 0, posting.offers[0], path);
    }

    function refusedClaim(Posting memory posting, uint256 segment, Offer memory offer, bytes4 reason) internal {
        bytes32[] memory path = offerPath(posting, segment % SEGMENTS);
        vm.prank(WORKER);
        vm.expectPartialRevert(reason);
        market.claim(posting.terms, segment, offer, path);
    }

    function test_claim_refusesWhatWasNotOffered() public {
        Posting memory posting = posted();
        Offer memory dearer = posting.offers[0];
        refusedClaim(posting, 1, dearer, Claims.OfferMismatch.selector);
        dearer.reward += 1;
        refusedClaim(posting, 0, dearer, Claims.OfferMismatch.selector);
        refusedClaim(posting, SEGMENTS, posting.offers[1], MarketState.SegmentUnknown.selector);
    }

    function test_claim_refusesOffersOutOfRange() public {
        Posting memory posting = draft(REQUESTER, 7);
        posting.offers[0].bond = 0.01 ether - 1;
        posting.offers[1].duration = 10 minutes - 1;
        posting.offers[2].duration = 7 days + 1;
        seal(posting);
        post(posting);
        refusedClaim(posting, 0, posting.offers[0], Claims.BondTooLow.selector);
        refusedClaim(posting, 1, posting.offers[1], Claims.DurationOutOfRange.selector);
        refusedClaim(posting, 2, posting.offers[2], Claims.DurationOutOfRange.selector);
    }

    function test_claim_refusesAfterExpiryAndOnUnknownJobs() public {
        Posting memory posting = posted();
        vm.warp(posting.terms.expiry);
        claim(posting, 0, WORKER);
        vm.warp(posting.terms.expiry + 1);
        refusedClaim(posting, 1, posting.offers[1], MarketState.JobNotOpen.selector);
        posting.terms.nonce = 1;
        refusedClaim(posting, 1, posting.offers[1], MarketState.JobUnknown.selector);
    }

    function test_claim_neverBeyondTheStake() public {
        Posting memory posting = draft(REQUESTER, 7);
        for (uint256 i = 0; i < SEGMENTS; i++) {
            posting.offers[i].bond = 0.4 ether;
        }
        seal(posting);
        post(posting);
        claim(posting, 0, WORKER);
        claim(posting, 1, WORKER);
        refusedClaim(posting, 2, posting.offers[2], NodeRegistry.StakeInsufficient.selector);
    }

    function test_claim_neverBeyondTheEscrow() public {
        Posting memory posting = draft(REQUESTER, 7);
        postWith(posting, 1.5 ether, edgeOpening(posting, 0), edgeOpening(posting, EDGES - 1));
        claim(posting, 0, WORKER);
        refusedClaim(posting, 1, posting.offers[1], Claims.EscrowInsufficient.selector);
    }

    // Abandoning and missing.

    function test_abandon_burnsAQuarterBarsAndRaisesTheBond() public {
        Posting memory posting = claimed();
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(MarketState.NotClaimant.selector, OTHER, WORKER));
        market.abandon(posting.terms, 0);
        vm.prank(WORKER);
        market.abandon(posting.terms, 0);
        vm.assertEq(BURN.balance, 0.005 ether);
        vm.assertEq(freeStake(WORKER), 0.995 ether);
        vm.assertTrue(stateOf(posting, 0) == MarketState.State.Open);
        vm.assertTrue(market.isBarred(market.jobId(posting.terms), 0, WORKER));
        vm.assertEq(market.jobOf(market.jobId(posting.terms)).available, escrowOf(posting));
        refusedClaim(posting, 0, posting.offers[0], Claims.Barred.selector);
        claim(posting, 0, OTHER);
        vm.assertEq(market.segmentOf(market.jobId(posting.terms), 0).bond, 0.04 ether);
    }

    function test_abandon_raisesTheBondNoFurtherThanSixteenfold() public {
        Posting memory posting = posted();
        bytes32 id = market.jobId(posting.terms);
        for (uint160 i = 0; i < 7; i++) {
            address account = address(0x2000 + i);
            enrol(account, 1 ether);
            claim(posting, 0, account);
            uint256 raises = i < 4 ? i : 4;
            vm.assertEq(market.segmentOf(id, 0).bond, 0.02 ether * 2 ** raises);
            vm.prank(account);
            market.abandon(posting.terms, 0);
        }
    }

    function test_expire_burnsAllButTheGas() public {
        Posting memory posting = claimed();
        vm.warp(block.timestamp + 1 hours);
        vm.expectPartialRevert(MarketState.DeadlineNotPassed.selector);
        market.expire(posting.terms, 0);
        vm.warp(block.timestamp + 1);
        vm.prank(WATCHER);
        market.expire(posting.terms, 0);
        vm.assertEq(market.owed(WATCHER, COIN), 150_000 gwei);
        vm.assertEq(BURN.balance, 0.02 ether - 150_000 gwei);
        vm.assertEq(freeStake(WORKER), 0.98 ether);
        vm.assertTrue(stateOf(posting, 0) == MarketState.State.Open);
    }

    function test_expire_rewardsNoMoreThanAQuarter() public {
        Posting memory posting = claimed();
        vm.warp(block.timestamp + 1 hours + 1);
        vm.fee(10_000 gwei);
        vm.prank(WATCHER);
        market.expire(posting.terms, 0);
        vm.assertEq(market.owed(WATCHER, COIN), 0.005 ether);
        vm.assertEq(BURN.balance, 0.015 ether);
    }

    function test_nothingMoreCanBeDoneWithAMissedClaim() public {
        Posting memory posting = claimed();
        vm.warp(block.timestamp + 1 hours + 1);
        vm.prank(WORKER);
        vm.expectPartialRevert(MarketState.DeadlinePassed.selector);
        market.submit(posting.terms, 0, bytes32(0));
        vm.prank(WORKER);
        vm.expectPartialRevert(MarketState.DeadlinePassed.selector);
        market.abandon(posting.terms, 0);
        Proof memory proof = proofFor(posting, 0, WORKER);
        Wiring memory wiring = wiringOf(0);
        BlockOpening[] memory openings = openingsOf(posting, 0);
        vm.prank(WORKER);
        vm.expectPartialRevert(MarketState.DeadlinePassed.selector);
        market.prove(posting.terms, 0, wiring, openings, proof);
    }

    // Proving.

    function test_prove_paysAndFrees() public {
        Posting memory posting = claimed();
        prove(posting, 0, WORKER);
        vm.assertTrue(stateOf(posting, 0) == MarketState.State.Verified);
        vm.assertEq(market.owed(WORKER, COIN), posting.offers[0].reward);
        vm.assertEq(freeStake(WORKER), 1 ether);
        uint256 before = WORKER.balance;
        vm.prank(WORKER);
        market.withdraw(COIN, WORKER);
        vm.assertEq(WORKER.balance, before + posting.offers[0].reward);
        vm.prank(WORKER);
        vm.expectRevert(abi.encodeWithSelector(Payments.NothingOwed.selector, WORKER, COIN));
        market.withdraw(COIN, WORKER);
    }

    function test_prove_verifiesTheStatementWithTheLastSegment() public {
        Posting memory posting = posted();
        for (uint256 i = 0; i < SEGMENTS; i++) {
            vm.assertFalse(isVerified(posting));
            claim(posting, i, WORKER);
            prove(posting, i, WORKER);
        }
        vm.assertTrue(isVerified(posting));
        vm.assertFalse(market.isVerified(model, posting.terms.inputDigest, posting.terms.inputDigest));
        vm.assertEq(market.jobOf(market.jobId(posting.terms)).verified, SEGMENTS);
    }

    function test_prove_inAnEagerJob() public {
        Posting memory posting = draft(REQUESTER, 7);
        posting.terms.optimistic = false;
        posting.terms.window = 0;
        post(posting);
        claim(posting, 0, WORKER);
        vm.prank(WORKER);
        vm.expectPartialRevert(Submissions.NotOptimistic.selector);
        market.submit(posting.terms, 0, bytes32(0));
        prove(posting, 0, WORKER);
    }

    function test_prove_refusesWrongOpenings() public {
        Posting memory posting = claimed();
        Proof memory proof = proofFor(posting, 0, WORKER);
        Wiring memory wiring = wiringOf(0);
        BlockOpening[] memory openings = new BlockOpening[](1);
        vm.prank(WORKER);
        vm.expectRevert(abi.encodeWithSelector(Submissions.OpeningsMismatch.selector, 1, 2));
        market.prove(posting.terms, 0, wiring, openings, proof);
    }

    // Submitting, settling, raising.

    function test_submit_settlesUnchallenged() public {
        Posting memory posting = submitted("proof");
        vm.assertTrue(stateOf(posting, 0) == MarketState.State.Submitted);
        vm.warp(block.timestamp + 2 hours);
        vm.expectPartialRevert(MarketState.DeadlineNotPassed.selector);
        market.settle(posting.terms, 0);
        vm.warp(block.timestamp + 1);
        market.settle(posting.terms, 0);
        vm.assertTrue(stateOf(posting, 0) == MarketState.State.Settled);
        vm.assertEq(market.owed(WORKER, COIN), posting.offers[0].reward);
        vm.assertEq(freeStake(WORKER), 1 ether);
    }

    function test_settlements_areNotVerifications() public {
        Posting memory posting = posted();
        settleAll(posting);
        MarketState.Job memory job = market.jobOf(market.jobId(posting.terms));
        vm.assertEq(job.settled, SEGMENTS);
        vm.assertEq(job.verified, 0);
        vm.assertFalse(isVerified(posting));
    }

    function settleAll(Posting memory posting) internal {
        for (uint256 i = 0; i < SEGMENTS; i++) {
            claim(posting, i, WORKER);
            submit(posting, i, WORKER, sha256("proof"));
        }
        vm.warp(block.timestamp + 2 hours + 1);
        for (uint256 i = 0; i < SEGMENTS; i++) {
            market.settle(posting.terms, i);
        }
    }

    function test_raise_verifiesLaterAndPaysNobody() public {
        Posting memory posting = posted();
        settleAll(posting);
        vm.warp(block.timestamp + 365 days);
        uint256 paid = market.owed(WORKER, COIN);
        for (uint256 i = 0; i < SEGMENTS; i++) {
            vm.assertFalse(isVerified(posting));
            raise(posting, i, WATCHER);
        }
        vm.assertTrue(isVerified(posting));
        vm.assertEq(market.owed(WATCHER, COIN), 0);
        vm.assertEq(market.owed(WORKER, COIN), paid);
    }

    // Challenging.

    function test_defend_paysTheClaimantAndItsDefence() public {
        Posting memory posting = draft(REQUESTER, 7);
        bytes memory artifact = artifactOf(posting, 0, WORKER);
        posting = submitted(artifact);
        uint256 bond = market.challengeBond();
        vm.assertEq(bond, 0.005 ether);
        challenge(posting, 0, WATCHER);
        defend(posting, 0, OTHER, artifact);
        vm.assertTrue(stateOf(posting, 0) == MarketState.State.Verified);
        vm.assertEq(market.owed(WORKER, COIN), posting.offers[0].reward + bond);
        vm.assertEq(market.owed(OTHER, COIN), 0);
        vm.assertEq(freeStake(WORKER), 1 ether);
    }

    function test_reject_burnsAndRepaysTheChallenger() public {
        Posting memory posting = submitted("no proof");
        challenge(posting, 0, WATCHER);
        vm.warp(block.timestamp + 1 hours);
        vm.expectPartialRevert(MarketState.DeadlineNotPassed.selector);
        market.reject(posting.terms, 0);
        vm.warp(block.timestamp + 1);
        market.reject(posting.terms, 0);
        vm.assertTrue(stateOf(posting, 0) == MarketState.State.Open);
        vm.assertEq(market.owed(WATCHER, COIN), 0.005 ether + 300_000 gwei);
        vm.assertEq(BURN.balance, 0.02 ether - 300_000 gwei);
        vm.assertEq(freeStake(WORKER), 0.98 ether);
        vm.assertTrue(market.isBarred(market.jobId(posting.terms), 0, WORKER));
    }

    function test_challenge_costsWhatADefenceDoes() public {
        Posting memory posting = submitted("no proof");
        vm.fee(50 gwei);
        vm.assertEq(market.challengeBond(), 0.1 ether);
        vm.prank(WATCHER);
        vm.expectRevert(abi.encodeWithSelector(Challenges.ChallengeBondTooLow.selector, 0.1 ether - 1, 0.1 ether));
        market.challenge{value: 0.1 ether - 1}(posting.terms, 0);
    }

    function test_challenge_isOneAtATime() public {
        Posting memory posting = submitted("no proof");
        challenge(posting, 0, WATCHER);
        vm.prank(OTHER);
        vm.expectPartialRevert(MarketState.StateWrong.selector);
        market.challenge{value: 1 ether}(posting.terms, 0);
        vm.warp(block.timestamp + 3 hours);
        vm.expectPartialRevert(MarketState.StateWrong.selector);
        market.settle(posting.terms, 0);
    }

    function test_defend_refusesOtherBytesAndLateOnes() public {
        Posting memory posting = draft(REQUESTER, 7);
        bytes memory artifact = artifactOf(posting, 0, WORKER);
        posting = submitted(artifact);
        challenge(posting, 0, WATCHER);
        Wiring memory wiring = wiringOf(0);
        BlockOpening[] memory openings = openingsOf(posting, 0);
        vm.expectPartialRevert(Challenges.ProofHashMismatch.selector);
        market.defend(posting.terms, 0, wiring, openings, bytes.concat(artifact, hex"00"));
        vm.warp(block.timestamp + 1 hours + 1);
        vm.expectPartialRevert(MarketState.DeadlinePassed.selector);
        market.defend(posting.terms, 0, wiring, openings, artifact);
    }

    // Closing.

    function test_close_refundsWhatIsFreeAndPaysWhatIsProven() public {
        Posting memory posting = posted();
        claim(posting, 0, WORKER);
        claim(posting, 1, OTHER);
        vm.prank(REQUESTER);
        market.close(posting.terms);
        vm.assertEq(market.owed(REQUESTER, COIN), posting.offers[2].reward);
        refusedClaim(posting, 2, posting.offers[2], MarketState.JobNotOpen.selector);
        prove(posting, 0, WORKER);
        vm.assertEq(market.owed(WORKER, COIN), posting.offers[0].reward);
        vm.prank(OTHER);
        market.abandon(posting.terms, 1);
        vm.assertEq(market.owed(REQUESTER, COIN), posting.offers[2].reward + posting.offers[1].reward);
        vm.prank(REQUESTER);
        vm.expectPartialRevert(MarketState.JobNotOpen.selector);
        market.close(posting.terms);
    }

    function test_close_isForAllAfterExpiry() public {
        Posting memory posting = posted();
        vm.warp(posting.terms.expiry);
        vm.prank(OTHER);
        vm.expectPartialRevert(Postings.NotRequester.selector);
        market.close(posting.terms);
        vm.warp(posting.terms.expiry + 1);
        vm.prank(OTHER);
        market.close(posting.terms);
        vm.assertEq(market.owed(REQUESTER, COIN), escrowOf(posting));
        vm.assertEq(market.owed(OTHER, COIN), 0);
    }

    // Money.

    function test_tokens_payTheWork() public {
        PlainToken token = new PlainToken();
        Posting memory posting = draft(REQUESTER, 7);
        posting.terms.token = address(token);
        token.mint(REQUESTER, 10 ether);
        vm.prank(REQUESTER);
        token.approve(address(market), type(uint256).max);
        post(posting);
        claim(posting, 0, WORKER);
        prove(posting, 0, WORKER);
        vm.prank(WORKER);
        market.withdraw(address(token), OTHER);
        vm.assertEq(token.balanceOf(OTHER), posting.offers[0].reward);
        EdgeOpening[] memory inputs = edgeOpening(posting, 0);
        EdgeOpening[] memory outputs = edgeOpening(posting, EDGES - 1);
        posting.terms.nonce = 1;
        vm.prank(REQUESTER);
        vm.expectRevert(abi.encodeWithSelector(Payments.ValueMismatch.selector, 1, 0));
        market.post{value: 1}(posting.terms, 1 ether, inputs, outputs);
    }

    function test_coinsComeFromTheRegistryOnly() public {
        vm.prank(WATCHER);
        (bool success, bytes memory reason) = address(market).call{value: 1}("");
        vm.assertFalse(success);
        vm.assertEq(reason, abi.encodeWithSelector(Market.NotRegistry.selector, WATCHER));
    }

    // Names.

    function testFuzz_contextsDiffer(bytes32 job, uint256 segment, address prover, address other) public {
        vm.assume(prover != other);
        vm.assertTrue(market.contextOf(job, segment, prover) != market.contextOf(job, segment, other));
        unchecked {
            vm.assertTrue(market.contextOf(job, segment, prover) != market.contextOf(job, segment + 1, prover));
        }
        uint256 here = market.contextOf(job, segment, prover);
        vm.chainId(5);
        vm.assertTrue(market.contextOf(job, segment, prover) != here);
    }

    function testFuzz_everyTermIsPartOfTheId(uint256 which, uint256 value) public view {
        Terms memory terms = draft(REQUESTER, 7).terms;
        bytes memory words = abi.encode(terms);
        uint256 position = which % (words.length / 32);
        uint256 limit = position == 0 || position == 8 ? type(uint160).max : position == 9 ? 1 : type(uint256).max;
        if (limit != type(uint256).max) value %= limit + 1;
        uint256 before;
        assembly ("memory-safe") {
            let place := add(add(words, 0x20), mul(position, 0x20))
            before := mload(place)
            mstore(place, value)
        }
        vm.assume(before != value);
        vm.assertTrue(market.jobId(abi.decode(words, (Terms))) != market.jobId(terms));
    }
}
