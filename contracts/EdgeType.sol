// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What an edge carries, in integers; the fields and their meaning are those of protocol/README.md.
/// @param shape elements along each axis
/// @param signed whether negative values may occur
/// @param scale fractional bits
/// @param proven whether both sides prove the interval; if not, `lo` and `hi` are 0
/// @param lo least integer
/// @param hi greatest integer
/// @param scheme keccak256 of the scheme's name
/// @param srs id of the SRS, for `kzg`; 0 for others
/// @param k log2 of a committed column's rows, for `kzg`; 0 for others
/// @param usableRows rows of a committed column that carry values, for `kzg`; 0 for others
/// @param blinded whether a blinding value hides the tensor, for `poseidon2`; false for others
struct EdgeType {
    uint256[] shape;
    bool signed;
    int256 scale;
    bool proven;
    int256 lo;
    int256 hi;
    bytes32 scheme;
    bytes32 srs;
    uint256 k;
    uint256 usableRows;
    bool blinded;
}

/// @title Hashes and sizes of edge types.
library EdgeTypes {
    bytes32 internal constant KZG = keccak256("kzg");
    bytes32 internal constant POSEIDON2 = keccak256("poseidon2");
    bytes32 internal constant PUBLIC = keccak256("public");

    bytes32 private constant PORT_LABEL = keccak256("tessera/port/1");
    /// Elements of one tensor, as the formats limit them.
    uint256 private constant MAX_ELEMENTS = 2 ** 26;

    error TensorTooLarge(uint256 elements, uint256 limit);

    /// @notice The hash of an edge type: two types are identical exactly when their hashes are.
    function hash(EdgeType calldata port) internal pure returns (bytes32) {
        bytes memory interval = abi.encode(port.proven, port.lo, port.hi);
        bytes memory scheme = abi.encode(port.scheme, port.srs, port.k, port.usableRows, port.blinded);
        bytes32 shape = keccak256(abi.encodePacked(port.shape));
        return keccak256(
            bytes.concat(abi.encode(PORT_LABEL, shape, port.signed, port.scale), interval, scheme)
        );
    }

    /// @notice The hash of the types of several ports, in order.
    function hashAll(EdgeType[] calldata ports) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](ports.length);
        for (uint256 i = 0; i < ports.length; i++) {
            hashes[i] = hash(ports[i]);
        }
        return keccak256(abi.encodePacked(hashes));
    }

    /// @notice Elements of a tensor of this type; one for a scalar.
    function elements(EdgeType calldata port) internal pure returns (uint256 count) {
        count = 1;
        for (uint256 i = 0; i < port.shape.length; i++) {
            uint256 size = port.shape[i];
            if (size == 0 || size > MAX_ELEMENTS) revert TensorTooLarge(size, MAX_ELEMENTS);
            count *= size;
            if (count > MAX_ELEMENTS) revert TensorTooLarge(count, MAX_ELEMENTS);
        }
    }
}
