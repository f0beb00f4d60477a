// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Jobs, Offer, Terms} from "../Job.sol";
import {MerkleTree} from "../MerkleTree.sol";
import {Outcomes} from "./Outcomes.sol";

/// @title Claims: how a segment is taken, given up and missed.
abstract contract Claims is Outcomes {
    using SafeCast for uint256;

    /// @notice Least bond of a claim, in wei.
    uint256 public constant MIN_BOND = 0.01 ether;
    /// @notice Part of a bond that abandoning burns: one in so many.
    uint256 public constant ABANDON_DIVISOR = 4;
    /// @notice Gas that ending a missed claim is refunded for.
    uint256 public constant EXPIRE_GAS = 150_000;
    /// @notice Bounds of a claim's duration, in seconds.
    uint256 public constant MIN_DURATION = 10 minutes;
    uint256 public constant MAX_DURATION = 7 days;

    event SegmentClaimed(
        bytes32 indexed job,
        uint256 indexed segment,
        address indexed claimant,
        uint256 reward,
        uint256 bond,
        uint256 deadline
    );
    event ClaimAbandoned(bytes32 indexed job, uint256 indexed segment, address indexed claimant, uint256 burned);
    event ClaimExpired(bytes32 indexed job, uint256 indexed segment, address indexed claimant, uint256 burned);

    error OfferMismatch(bytes32 found, bytes32 expected);
    error BondTooLow(uint256 bond, uint256 least);
    error DurationOutOfRange(uint256 duration, uint256 shortest, uint256 longest);
    error EscrowInsufficient(uint256 needed, uint256 available);
    error Barred(address account);

    /// @notice Claims a segment for the caller, alone, until the offer's duration has passed. Locks its bond.
    /// @param path siblings of the offer's leaf on the way to the root of offers
    function claim(Terms calldata terms, uint256 index, Offer calldata offer, bytes32[] calldata path)
        external
        nonReentrant
    {
        (bytes32 id, Job storage job) = find(terms);
        if (job.closed || block.timestamp > terms.expiry) revert JobNotOpen(id);
        Segment storage segment = segmentIn(job, id, index, State.Open);
        if (segment.failures > 0 && barred[id][index][msg.sender]) revert Barred(msg.sender);
        checkOffer(terms, job.segments, index, offer, path);
        if (offer.reward > job.available) revert EscrowInsufficient(offer.reward, job.available);

        uint256 bond = uint256(offer.bond) << segment.failures;
        uint256 deadline = block.timestamp + offer.duration;
        job.available -= offer.reward;
        segment.claimant = msg.sender;
        segment.deadline = deadline.toUint64();
        segment.state = State.Claimed;
        segment.reward = offer.reward;
        segment.bond = bond.toUint128();
        emit SegmentClaimed(id, index, msg.sender, offer.reward, bond, deadline);
        nodes.lock(msg.sender, bond);
    }

    /// @notice Gives a claim up before its deadline: burns part of the bond instead of nearly all of it.
    function abandon(Terms calldata terms, uint256 index) external nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        Segment storage segment = ownClaim(job, id, index);
        uint256 bond = segment.bond;
        uint256 burned = bond / ABANDON_DIVISOR;
        emit ClaimAbandoned(id, index, msg.sender, burned);
        reopen(terms, job, id, index, segment);
        nodes.slash(msg.sender, burned, burned);
        nodes.unlock(msg.sender, bond - burned);
    }

    /// @notice Ends a claim that missed its deadline. Anyone may; the caller gets a reward for the gas.
    function expire(Terms calldata terms, uint256 index) external nonReentrant {
        (bytes32 id, Job storage job) = find(terms);
        Segment storage segment = segmentIn(job, id, index, State.Claimed);
        requirePassed(segment.deadline);
        address claimant = segment.claimant;
        uint256 bond = segment.bond;
        uint256 burned = bond - gasReward(EXPIRE_GAS, bond);
        emit ClaimExpired(id, index, claimant, burned);
        reopen(terms, job, id, index, segment);
        credit(msg.sender, address(0), bond - burned);
        nodes.slash(claimant, bond, burned);
    }

    function checkOffer(
        Terms calldata terms,
        uint256 count,
        uint256 index,
        Offer calldata offer,
        bytes32[] calldata path
    ) private pure {
        bytes32 root = MerkleTree.root(Jobs.offerLeaf(index, offer), index, count, path);
        if (root != terms.offers) revert OfferMismatch(root, terms.offers);
        if (offer.bond < MIN_BOND) revert BondTooLow(offer.bond, MIN_BOND);
        if (offer.duration < MIN_DURATION || offer.duration > MAX_DURATION) {
            revert DurationOutOfRange(offer.duration, MIN_DURATION, MAX_DURATION);
        }
    }
}
