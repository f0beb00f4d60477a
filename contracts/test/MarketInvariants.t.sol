// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BlockOpening, Terms} from "../Job.sol";
import {Proof, Wiring} from "../ModelRegistry.sol";
import {MarketState} from "../market/MarketState.sol";
import {MarketFixture} from "./MarketFixture.sol";
import {PlainToken} from "./Tokens.sol";

/// @title A coalition that does whatever it can think of: five accounts that are requesters, claimants and challengers by
/// turns, on jobs of two tokens, with true and false proofs. A bystander has a job and a stake of its own.
contract Coalition is MarketFixture {
    uint256 internal constant ACTORS = 5;
    uint256 internal constant MAX_JOBS = 6;
    uint256 internal constant WEALTH = 1000 ether;
    uint256 internal constant ESCROW = 3 ether + 3;
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;
    address internal constant BYSTANDER = address(0xB15);
    /// What `draw.action` is drawn from.
    uint256 internal constant CHOICES = 20;

    /// One random choice.
    struct Draw {
        uint256 action;
        address who;
        uint256 job;
        uint256 segment;
        uint256 value;
    }

    PlainToken internal token;
    address[] internal actors;
    bytes32[] internal ids;
    mapping(uint256 job => Terms) internal termsOf;
    mapping(uint256 job => uint256) internal inputOf;
    /// Hashes of submitted artifacts that hold a true proof.
    mapping(bytes32 artifact => bool) internal isTrue;
    /// Segments that were accepted on a true proof.
    mapping(uint256 job => mapping(uint256 segment => bool)) internal provenTruly;
    mapping(address account => uint256) internal bonds;
    /// What must be in BURN, kept from the rules and not from balances.
    uint256 internal burned;
    /// @notice Times that an action took effect.
    mapping(string action => uint256) public effects;

    constructor() {
        vm.warp(1_800_000_000);
        vm.fee(1 gwei);
        deployMarket();
        token = new PlainToken();
        for (uint160 i = 0; i < ACTORS; i++) {
            address actor = address(0x3000 + i);
            actors.push(actor);
            enrol(actor, 10 ether);
            vm.deal(actor, WEALTH - 10 ether);
            token.mint(actor, WEALTH);
            vm.prank(actor);
            token.approve(address(market), type(uint256).max);
        }
        enrol(BYSTANDER, 10 ether);
        vm.deal(BYSTANDER, WEALTH - 10 ether);
        postAs(BYSTANDER, 99, COIN);
    }

    /// @notice Ten actions, drawn from the seed. Each takes effect or does nothing; none reverts.
    function act(uint256 seed) external {
        for (uint256 i = 0; i < 10; i++) {
            uint256 draw = uint256(keccak256(abi.encode(seed, i)));
            step(
                Draw({
                    action: draw % CHOICES,
                    who: actors[(draw >> 32) % ACTORS],
                    // Job 0 is the bystander's.
                    job: ids.length == 1 ? 0 : 1 + (draw >> 64) % (ids.length - 1),
                    segment: (draw >> 96) % SEGMENTS,
                    value: draw >> 128
                })
            );
        }
    }

    function step(Draw memory draw) private {
        if (draw.action == 0) return postJob(draw);
        if (draw.action == 1) return moveStake(draw);
        if (draw.action == 2) return withdrawOwed(draw);
        if (draw.action < 5) return waitAWhile(draw);
        if (draw.job == 0) return;
        if (draw.action == 5) return closeJob(draw);
        MarketState.Segment memory found = market.segmentOf(ids[draw.job], draw.segment);
        bool inTime = block.timestamp <= found.deadline;
        if (found.state == MarketState.State.Open) return claimSegment(draw, found);
        if (found.state == MarketState.State.Claimed) return inTime ? endClaim(draw, found) : expireClaim(draw, found);
        if (found.state == MarketState.State.Challenged) {
            return inTime ? defendSubmission(draw, found) : rejectSubmission(draw, found);
        }
        if (found.state == MarketState.State.Submitted) {
            if (!inTime) return settleSubmission(draw, found);
            if (draw.action < 14) return challengeSubmission(draw);
        }
        if (found.state == MarketState.State.Settled && draw.action < 8) return raiseSegment(draw);
    }

    function postJob(Draw memory draw) private {
        address asset = draw.value % 2 == 0 ? COIN : address(token);
        uint256 means = asset == COIN ? draw.who.balance : token.balanceOf(draw.who);
        if (ids.length == MAX_JOBS || means < ESCROW) return;
        postAs(draw.who, draw.value % 4 / 2, asset);
        effects["post"]++;
    }

    function claimSegment(Draw memory draw, MarketState.Segment memory found) private {
        bytes32 id = ids[draw.job];
        if (market.jobOf(id).closed || block.timestamp > termsOf[draw.job].expiry) return;
        if (market.isBarred(id, draw.segment, draw.who)) return;
        uint256 bond = 0.02 ether << found.failures;
        if (bond > nodes.stakeOf(draw.who, address(market)).amount - nodes.stakeOf(draw.who, address(market)).locked) return;
        claim(recall(draw.job), draw.segment, draw.who);
        bonds[draw.who] += bond;
        effects["claim"]++;
    }

    function endClaim(Draw memory draw, MarketState.Segment memory found) private {
        if (draw.action < 9) return submitTruly(draw, found);
        if (draw.action < 12) return submitFalsely(draw, found);
        if (draw.action < 15) return proveTruly(draw, found);
        if (draw.action < 18) return proveMismatched(draw, found);
        abandonClaim(draw, found);
    }

    function submitTruly(Draw memory draw, MarketState.Segment memory found) private {
        Posting memory posting = recall(draw.job);
        bytes32 digest = sha256(artifactOf(posting, draw.segment, found.claimant));
        submit(posting, draw.segment, found.claimant, digest);
        isTrue[digest] = true;
        effects["submit truly"]++;
    }

    function submitFalsely(Draw memory draw, MarketState.Segment memory found) private {
        submit(recall(draw.job), draw.segment, found.claimant, bytes32(draw.value));
        effects["submit falsely"]++;
    }

    function proveTruly(Draw memory draw, MarketState.Segment memory found) private {
        prove(recall(draw.job), draw.segment, found.claimant);
        provenTruly[draw.job][draw.segment] = true;
        bonds[found.claimant] -= found.bond;
        effects["prove"]++;
    }

    /// A valid proof that binds another value, at its output or at its input, than the job's root has there.
    function proveMismatched(Draw memory draw, MarketState.Segment memory found) private {
        Posting memory posting = recall(draw.job);
        Posting memory forged = recall(draw.job);
        uint256 edge = draw.segment + draw.value % 2;
        bool open = edge == 0 || edge == EDGES - 1;
        forged.commitments[edge] = open ? abi.encode(draw.value + 100) : abi.encode(draw.value, draw.value);
        Proof memory proof = proofFor(forged, draw.segment, found.claimant);
        Wiring memory wiring = wiringOf(draw.segment);
        BlockOpening[] memory openings = openingsOf(posting, draw.segment);
        vm.prank(found.claimant);
        try market.prove(posting.terms, draw.segment, wiring, openings, proof) {
            vm.assertTrue(false, "a mismatched segment was accepted");
        } catch {
            effects["mismatch"]++;
        }
    }

    function abandonClaim(Draw memory draw, MarketState.Segment memory found) private {
        vm.prank(found.claimant);
        market.abandon(termsOf[draw.job], draw.segment);
        burned += found.bond / 4;
        bonds[found.claimant] -= found.bond;
        effects["abandon"]++;
    }

    function expireClaim(Draw memory draw, MarketState.Segment memory found) private {
        uint256 before = BURN.balance;
        vm.prank(draw.who);
        market.expire(termsOf[draw.job], draw.segment);
        slashed(found, BURN.balance - before);
        effects["expire"]++;
    }

    function challengeSubmission(Draw memory draw) private {
        if (draw.who.balance < market.challengeBond()) return;
        challenge(recall(draw.job), draw.segment, draw.who);
        effects["challenge"]++;
    }

    function defendSubmission(Draw memory draw, MarketState.Segment memory found) private {
        if (!isTrue[found.proof]) return;
        Posting memory posting = recall(draw.job);
        defend(posting, draw.segment, draw.who, artifactOf(posting, draw.segment, found.claimant));
        provenTruly[draw.job][draw.segment] = true;
        bonds[found.claimant] -= found.bond;
        effects["defend"]++;
    }

    function rejectSubmission(Draw memory draw, MarketState.Segment memory found) private {
        uint256 before = BURN.balance;
        market.reject(termsOf[draw.job], draw.segment);
        slashed(found, BURN.balance - before);
        effects["reject"]++;
    }

    function settleSubmission(Draw memory draw, MarketState.Segment memory found) private {
        market.settle(termsOf[draw.job], draw.segment);
        bonds[found.claimant] -= found.bond;
        effects["settle"]++;
    }

    function raiseSegment(Draw memory draw) private {
        raise(recall(draw.job), draw.segment, draw.who);
        provenTruly[draw.job][draw.segment] = true;
        effects["raise"]++;
    }

    /// Rarely, so that most jobs come to something.
    function closeJob(Draw memory draw) private {
        if (draw.value % 16 != 0 || market.jobOf(ids[draw.job]).closed) return;
        vm.prank(termsOf[draw.job].requester);
        market.close(termsOf[draw.job]);
        effects["close"]++;
    }

    function withdrawOwed(Draw memory draw) private {
        address asset = draw.value % 2 == 0 ? COIN : address(token);
        if (market.owed(draw.who, asset) == 0) return;
        vm.prank(draw.who);
        market.withdraw(asset, draw.who);
        effects["withdraw"]++;
    }

    function moveStake(Draw memory draw) private {
        uint256 amount = 1 + draw.value % 1 ether;
        uint256 free = nodes.stakeOf(draw.who, address(market)).amount - nodes.stakeOf(draw.who, address(market)).locked;
        bool released = block.timestamp >= nodes.stakeOf(draw.who, address(market)).releasedAt;
        if (draw.segment == 0 && draw.who.balance >= amount) {
            vm.prank(draw.who);
            nodes.deposit{value: amount}(draw.who, address(market));
        } else if (nodes.stakeOf(draw.who, address(market)).leaving > 0 && released) {
            vm.prank(draw.who);
            nodes.withdraw(address(market), payable(draw.who));
        } else if (free > 8 ether) {
            vm.prank(draw.who);
            nodes.unbond(address(market), amount);
        }
        effects["stake"]++;
    }

    function waitAWhile(Draw memory draw) private {
        vm.warp(block.timestamp + 1 + draw.value % 40 minutes);
        vm.fee(draw.value % 200 gwei);
        effects["wait"]++;
    }

    /// @notice All coins and tokens are where the books say, none came from nowhere, and what is burned is gone.
    function checkFunds() external view {
        uint256 owedCoins = market.owed(BYSTANDER, COIN) + market.owed(address(this), COIN);
        uint256 owedTokens = 0;
        uint256 stakes = stakeAndLeaving(BYSTANDER);
        uint256 wallets = BYSTANDER.balance;
        for (uint256 i = 0; i < ACTORS; i++) {
            address actor = actors[i];
            owedCoins += market.owed(actor, COIN);
            owedTokens += market.owed(actor, address(token));
            stakes += stakeAndLeaving(actor);
            wallets += actor.balance;
            vm.assertEq(nodes.stakeOf(actor, address(market)).locked, bonds[actor], "bonds");
            vm.assertTrue(bonds[actor] <= nodes.stakeOf(actor, address(market)).amount, "claims beyond stake");
        }
        (uint256 coins, uint256 tokens) = escrows();
        vm.assertEq(address(market).balance, owedCoins + coins, "coins in the market");
        vm.assertEq(token.balanceOf(address(market)), owedTokens + tokens, "tokens in the market");
        vm.assertEq(address(nodes).balance, stakes, "coins in the registry");
        vm.assertEq(BURN.balance, burned, "burned");
        vm.assertEq(wallets + owedCoins + coins + stakes + burned, (ACTORS + 1) * WEALTH, "coins");
    }

    /// @notice A statement counts as verified exactly if some job on it has a true proof of every segment.
    function checkVerdicts() external view {
        bool[2] memory proven;
        for (uint256 job = 1; job < ids.length; job++) {
            bool whole = provenTruly[job][0] && provenTruly[job][1] && provenTruly[job][2];
            proven[inputOf[job]] = proven[inputOf[job]] || whole;
        }
        for (uint256 job = 1; job < ids.length; job++) {
            Terms storage terms = termsOf[job];
            bool verdict = market.isVerified(model, terms.inputDigest, terms.outputDigest);
            vm.assertTrue(verdict == proven[inputOf[job]], "verdict");
        }
    }

    /// @notice Whoever kept out of it has what it had.
    function checkBystander() external view {
        vm.assertEq(market.jobOf(ids[0]).available, ESCROW, "the bystander's escrow");
        vm.assertEq(nodes.stakeOf(BYSTANDER, address(market)).amount, 10 ether, "the bystander's stake");
        vm.assertEq(nodes.stakeOf(BYSTANDER, address(market)).locked, 0, "the bystander's bonds");
    }

    function postAs(address requester, uint256 x, address asset) private {
        uint256 job = ids.length;
        Posting memory posting = draft(requester, x);
        posting.terms.nonce = job;
        posting.terms.token = asset;
        posting.terms.expiry = block.timestamp + 2 days;
        termsOf[job] = posting.terms;
        inputOf[job] = x;
        ids.push(post(posting));
    }

    function recall(uint256 job) private view returns (Posting memory posting) {
        posting = draft(termsOf[job].requester, inputOf[job]);
        posting.terms = termsOf[job];
    }

    function slashed(MarketState.Segment memory found, uint256 amount) private {
        vm.assertTrue(amount >= found.bond - found.bond / 4, "a failure costs the burned part");
        burned += amount;
        bonds[found.claimant] -= found.bond;
    }

    function stakeAndLeaving(address account) private view returns (uint256) {
        return uint256(nodes.stakeOf(account, address(market)).amount) + nodes.stakeOf(account, address(market)).leaving;
    }

    /// What the jobs' books say is in escrow or stands as a challenge's bond.
    function escrows() private view returns (uint256 coins, uint256 tokens) {
        for (uint256 job = 0; job < ids.length; job++) {
            (uint256 escrow, uint256 challengeBonds) = accountOf(job);
            coins += challengeBonds;
            if (termsOf[job].token == COIN) coins += escrow;
            else tokens += escrow;
        }
    }

    /// One job's: never more paid or reserved than was put in, and each segment paid once.
    function accountOf(uint256 job) private view returns (uint256 escrow, uint256 challengeBonds) {
        MarketState.Job memory account = market.jobOf(ids[job]);
        escrow = account.available;
        uint256 paid = 0;
        uint256 verified = 0;
        uint256 settled = 0;
        for (uint256 i = 0; i < SEGMENTS; i++) {
            MarketState.Segment memory segment = market.segmentOf(ids[job], i);
            if (segment.state == MarketState.State.Settled) settled++;
            if (segment.state == MarketState.State.Verified) verified++;
            if (segment.state == MarketState.State.Challenged) challengeBonds += segment.challengeBond;
            bool done = segment.state == MarketState.State.Settled || segment.state == MarketState.State.Verified;
            if (done) paid += segment.reward;
            else escrow += segment.reward;
        }
        vm.assertEq(account.settled, settled, "settled");
        vm.assertEq(account.verified, verified, "verified");
        if (!account.closed) vm.assertEq(escrow + paid, ESCROW, "escrow");
        else vm.assertTrue(escrow + paid <= ESCROW, "escrow of a closed job");
    }
}

/// @title Invariants over the coalition's actions: ten times `runs` × `depth` of foundry.toml, so 100,000 of them.
contract MarketInvariants is MarketFixture {
    Coalition internal coalition;

    function setUp() public {
        coalition = new Coalition();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(coalition);
    }

    /// What forge may call of it, as its StdInvariant names such lists.
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(coalition);
        targets[0].selectors = new bytes4[](1);
        targets[0].selectors[0] = Coalition.act.selector;
    }

    /// The invariants would hold of a coalition that does nothing.
    function test_theCoalitionDoesEverything() public {
        for (uint256 seed = 0; seed < 150; seed++) {
            coalition.act(seed);
        }
        invariant_fundsAndVerdicts();
        string[17] memory actions = [
            "post",
            "claim",
            "submit truly",
            "submit falsely",
            "prove",
            "mismatch",
            "abandon",
            "expire",
            "challenge",
            "defend",
            "reject",
            "settle",
            "raise",
            "close",
            "withdraw",
            "stake",
            "wait"
        ];
        for (uint256 i = 0; i < actions.length; i++) {
            vm.assertTrue(coalition.effects(actions[i]) > 0, actions[i]);
        }
    }

    function invariant_fundsAndVerdicts() public view {
        coalition.checkFunds();
        coalition.checkVerdicts();
        coalition.checkBystander();
    }
}
