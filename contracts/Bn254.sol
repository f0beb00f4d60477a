// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

// The curve whose precompiles EIP-196 and EIP-197 define.

// Order of its groups, and so of the field of scalars: a public input is below it.
uint256 constant SCALAR_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

// Modulus of the field of the points' coordinates.
uint256 constant COORDINATE_MODULUS = 21888242871839275222246405745257275088696311157297823662689037894645226208583;
