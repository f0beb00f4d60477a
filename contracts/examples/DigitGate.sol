// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SCALAR_ORDER} from "../Bn254.sol";
import {Jobs} from "../Job.sol";
import {Market} from "../Market.sol";

/// @title An example of a contract that acts on what a model said: it opens for images that show one digit.
/// @notice It relies on `isVerified` alone. Whoever deploys it has audited the model behind the id, and knows how images
/// become input digests: a digest names one committed image, and this contract cannot tell what that shows.
/// @dev For a model with one input edge and one output edge, the latter in one block of public values: a score for each
/// digit, signed, as BN254 field elements.
contract DigitGate {
    /// Digits that the model tells apart.
    uint256 private constant DIGITS = 10;

    /// @notice The gate opened for an image.
    event Opened(bytes32 indexed inputDigest, address indexed caller);

    error ScoresMalformed(uint256 count);
    error NotVerified(bytes32 inputDigest, bytes32 outputDigest);
    error WrongDigit(uint256 digit, uint256 expected);

    Market public immutable market;
    bytes32 public immutable model;
    uint256 public immutable digit;

    /// @notice Whether the gate has opened for an image.
    mapping(bytes32 inputDigest => bool) public isOpen;

    constructor(Market market_, bytes32 model_, uint256 digit_) {
        market = market_;
        model = model_;
        digit = digit_;
    }

    /// @notice Opens the gate for an image that the model took for the digit.
    /// @param inputDigest the image's commitment, as a job's terms hold it
    /// @param scores the model's output
    function open(bytes32 inputDigest, uint256[] calldata scores) external {
        if (scores.length != DIGITS) revert ScoresMalformed(scores.length);
        bytes32[] memory edges = new bytes32[](1);
        edges[0] = Jobs.wholeEdgeDigest(keccak256(abi.encodePacked(scores)));
        bytes32 outputDigest = Jobs.boundaryDigest(edges);
        if (!market.isVerified(model, inputDigest, outputDigest)) revert NotVerified(inputDigest, outputDigest);
        uint256 found = best(scores);
        if (found != digit) revert WrongDigit(found, digit);
        isOpen[inputDigest] = true;
        emit Opened(inputDigest, msg.sender);
    }

    /// The digit of the highest score; the first of equal ones.
    function best(uint256[] calldata scores) private pure returns (uint256 found) {
        for (uint256 i = 1; i < DIGITS; i++) {
            if (signed(scores[i]) > signed(scores[found])) found = i;
        }
    }

    /// Elements above half of the field's order stand for negative numbers.
    function signed(uint256 element) private pure returns (int256) {
        return element > SCALAR_ORDER / 2 ? int256(element) - int256(SCALAR_ORDER) : int256(element);
    }
}
