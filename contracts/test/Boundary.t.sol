// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Boundary} from "../Boundary.sol";
import {Port} from "../IProofVerifier.sol";
import {TestBase} from "./Vm.sol";

/// @title What a proof binds is read from the one place that its circuit's ports give it.
contract BoundaryTest is TestBase {
    function read(
        Port[] memory ports,
        bytes calldata proof,
        uint256[] calldata publicInputs,
        bool hasContext,
        uint256 context
    ) external pure returns (bytes32[] memory) {
        return Boundary.read(ports, proof, publicInputs, hasContext, context);
    }

    /// A committed port of two words between two open ones.
    function threePorts() private pure returns (Port[] memory ports) {
        ports = new Port[](3);
        ports[0] = Port({inProof: false, words: 1});
        ports[1] = Port({inProof: true, words: 2});
        ports[2] = Port({inProof: false, words: 2});
    }

    function numbers(uint256 first, uint256 count) private pure returns (uint256[] memory list) {
        list = new uint256[](count);
        for (uint256 i = 0; i < count; i++) {
            list[i] = first + i;
        }
    }

    function test_portsTakeTheirPlacesInOrder() public view {
        bytes memory proof = abi.encode(7, 8, 9);
        bytes32[] memory bound = this.read(threePorts(), proof, numbers(5, 3), false, 0);
        vm.assertEq(bound[0], keccak256(abi.encode(5)));
        vm.assertEq(bound[1], keccak256(abi.encode(7, 8)));
        vm.assertEq(bound[2], keccak256(abi.encode(6, 7)));
        bytes32[] memory shifted = this.read(threePorts(), proof, numbers(4, 4), true, 4);
        vm.assertEq(keccak256(abi.encode(shifted)), keccak256(abi.encode(bound)));
    }

    function refused(bytes memory proof, uint256[] memory publicInputs, bool hasContext, bytes4 reason) private {
        vm.expectPartialRevert(reason);
        this.read(threePorts(), proof, publicInputs, hasContext, 4);
    }

    function test_otherSizesAreRefused() public {
        refused(abi.encode(7), numbers(5, 3), false, Boundary.BoundaryMalformed.selector);
        refused(abi.encode(7, 8), numbers(5, 2), false, Boundary.BoundaryMalformed.selector);
        refused(abi.encode(7, 8), numbers(5, 4), false, Boundary.BoundaryMalformed.selector);
        refused(abi.encode(7, 8), numbers(4, 0), true, Boundary.BoundaryMalformed.selector);
        refused(abi.encode(7, 8), numbers(4, 3), true, Boundary.BoundaryMalformed.selector);
    }

    function test_anotherContextIsRefused() public {
        refused(abi.encode(7, 8), numbers(5, 4), true, Boundary.ContextMismatch.selector);
        this.read(threePorts(), abi.encode(7, 8), numbers(4, 4), true, 4);
    }
}
