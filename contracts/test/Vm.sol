// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title What these tests use of forge's cheatcodes (https://book.getfoundry.sh/reference/cheatcodes).
interface Vm {
    function assertEq(uint256 left, uint256 right) external pure;
    function assertEq(uint256 left, uint256 right, string calldata message) external pure;
    function assertEq(bytes32 left, bytes32 right) external pure;
    function assertEq(address left, address right) external pure;
    function assertEq(bytes calldata left, bytes calldata right) external pure;
    function assertTrue(bool condition) external pure;
    function assertTrue(bool condition, string calldata message) external pure;
    function assertFalse(bool condition) external pure;
    function assume(bool condition) external pure;
    function deal(address account, uint256 balance) external;
    function etch(address account, bytes calldata code) external;
    function exists(string calldata path) external view returns (bool);
    function expectPartialRevert(bytes4 selector) external;
    function expectRevert(bytes calldata data) external;
    function fee(uint256 basefee) external;
    function prank(address sender) external;
    function readFileBinary(string calldata path) external view returns (bytes memory);
    function skip(bool condition) external;
    function warp(uint256 timestamp) external;
    function chainId(uint256 id) external;
}

/// @title What every test contract has.
abstract contract TestBase {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// Tells forge that this contract holds tests.
    bool public constant IS_TEST = true;
}
