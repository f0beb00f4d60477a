// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EdgeType, EdgeTypes} from "../EdgeType.sol";
import {IProofVerifier, Port} from "../IProofVerifier.sol";

/// @title A proof system for tests: a proof is the commitments, in two words each, and a hash over them, the key and the
/// public inputs, that anyone can make. The first public input is the context if the verifier is made to have one.
contract ToyVerifier is IProofVerifier {
    bytes32 public immutable adapter;
    bytes32 public immutable srs;
    bool public immutable hasContext;
    bytes32 public constant role = keccak256("verifyingKey");

    constructor(string memory name, bytes32 srsId, bool bindsContext) {
        adapter = keccak256(bytes(name));
        srs = srsId;
        hasContext = bindsContext;
    }

    function register(bytes calldata, EdgeType[] calldata inputs, EdgeType[] calldata outputs)
        external
        view
        returns (Port[] memory ports)
    {
        ports = new Port[](inputs.length + outputs.length);
        for (uint256 i = 0; i < ports.length; i++) {
            EdgeType calldata port = i < inputs.length ? inputs[i] : outputs[i - inputs.length];
            bool open = port.scheme == EdgeTypes.PUBLIC;
            if (!open && port.srs != srs) revert SrsMismatch(port.srs, srs);
            ports[i] = Port({inProof: !open, words: open ? EdgeTypes.elements(port) : 2});
        }
    }

    function verify(bytes32 keyDigest, bytes calldata key, bytes calldata proof, uint256[] calldata publicInputs)
        external
        pure
        returns (bool)
    {
        if (keccak256(key) != keyDigest || proof.length < 32) return false;
        return bytes32(proof[proof.length - 32:]) == seal(key, proof[:proof.length - 32], publicInputs);
    }

    /// The hash that makes commitments a proof.
    function seal(bytes calldata key, bytes calldata commitments, uint256[] calldata publicInputs)
        public
        pure
        returns (bytes32)
    {
        return sha256(bytes.concat(sha256(key), commitments, abi.encodePacked(publicInputs)));
    }
}
