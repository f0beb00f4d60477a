// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Market} from "../Market.sol";
import {DigitGate} from "../examples/DigitGate.sol";
import {TestBase} from "./Vm.sol";

/// @title Stands for a market in which one statement is verified.
contract StatementStub {
    bytes32 private immutable statement;

    constructor(bytes32 model, bytes32 inputDigest, bytes32 outputDigest) {
        statement = keccak256(abi.encode(model, inputDigest, outputDigest));
    }

    function isVerified(bytes32 model, bytes32 inputDigest, bytes32 outputDigest) external view returns (bool) {
        return statement == keccak256(abi.encode(model, inputDigest, outputDigest));
    }
}

contract DigitGateTest is TestBase {
    uint256 private constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    bytes32 private constant MODEL = keccak256("model");
    bytes32 private constant IMAGE = keccak256("image");

    function digestOf(uint256[] memory scores) private pure returns (bytes32) {
        bytes32 leaf = keccak256(abi.encode(keccak256("tessera/block/1"), keccak256(abi.encodePacked(scores))));
        bytes32 edge = keccak256(abi.encode(keccak256("tessera/edge/1"), 1, leaf));
        return keccak256(abi.encode(keccak256("tessera/boundary/1"), edge));
    }

    function gateFor(uint256[] memory scores, uint256 digit) private returns (DigitGate) {
        StatementStub market = new StatementStub(MODEL, IMAGE, digestOf(scores));
        return new DigitGate(Market(payable(address(market))), MODEL, digit);
    }

    /// Negative scores are field elements above half of the order: they are the lowest, not the highest.
    function scoresOf(uint256 best) private pure returns (uint256[] memory scores) {
        scores = new uint256[](10);
        for (uint256 i = 0; i < 10; i++) {
            scores[i] = R - 100 - i;
        }
        scores[best] = R - 1;
    }

    function testFuzz_opensForItsDigit(uint256 digit) public {
        digit %= 10;
        DigitGate gate = gateFor(scoresOf(digit), digit);
        gate.open(IMAGE, scoresOf(digit));
        vm.assertTrue(gate.isOpen(IMAGE));
    }

    function test_staysShutForAnotherDigit() public {
        DigitGate gate = gateFor(scoresOf(3), 4);
        vm.expectRevert(abi.encodeWithSelector(DigitGate.WrongDigit.selector, 3, 4));
        gate.open(IMAGE, scoresOf(3));
    }

    function test_staysShutForWhatIsNotVerified() public {
        DigitGate gate = gateFor(scoresOf(3), 4);
        vm.expectPartialRevert(DigitGate.NotVerified.selector);
        gate.open(IMAGE, scoresOf(4));
        vm.expectPartialRevert(DigitGate.NotVerified.selector);
        gate.open(keccak256("another image"), scoresOf(3));
        uint256[] memory nine = new uint256[](9);
        vm.expectPartialRevert(DigitGate.ScoresMalformed.selector);
        gate.open(IMAGE, nine);
    }
}
