// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";

import {Boundary} from "./Boundary.sol";
import {EdgeType, EdgeTypes} from "./EdgeType.sol";
import {IProofVerifier, Port} from "./IProofVerifier.sol";
import {MerkleTree} from "./MerkleTree.sol";

/// @notice One artifact that verification needs.
/// @param role keccak256 of the role's name
/// @param digest sha2-256 of the bytes
struct Artifact {
    bytes32 role;
    bytes32 digest;
}

/// @notice A circuit as the manifest has it.
/// @param adapter keccak256 of the adapter's name
/// @param artifacts in ascending order of their roles
struct CircuitDescription {
    bytes32 adapter;
    Artifact[] artifacts;
    EdgeType[] inputs;
    EdgeType[] outputs;
}

/// @notice A model as its id takes it.
/// @param manifest sha2-256 of the manifest file
/// @param circuits leaves of the circuits, in the manifest's order
/// @param segments number of segments
/// @param wiring root of the segments' leaves
/// @param inputs indices of the edges that the requester supplies
/// @param outputs indices of the edges that are the result
/// @param srs ids of the SRS, in the manifest's order
struct ModelDescription {
    bytes32 manifest;
    bytes32[] circuits;
    uint256 segments;
    bytes32 wiring;
    uint256[] inputs;
    uint256[] outputs;
    bytes32[] srs;
}

/// @notice What is kept of a model.
/// @param circuits root of the circuits' leaves
/// @param wiring root of the segments' leaves
/// @param inputs keccak256 of the input edges' indices
/// @param outputs keccak256 of the output edges' indices
struct Model {
    bytes32 circuits;
    bytes32 wiring;
    bytes32 inputs;
    bytes32 outputs;
    uint64 circuitCount;
    uint64 segmentCount;
}

/// @notice What is kept of a circuit, as code.
/// @param verifier the proof system's verifier
/// @param hasContext whether a proof's first public input is its context
/// @param keyDigest keccak256 of the verifying data
/// @param inputs number of the ports that are inputs
/// @param ports where a proof shows what it binds, inputs before outputs
/// @param chunks where the beginning of the verifying data stands, in order
/// @param rest the remainder of the verifying data
struct Circuit {
    IProofVerifier verifier;
    bool hasContext;
    bytes32 keyDigest;
    uint256 inputs;
    Port[] ports;
    address[] chunks;
    bytes rest;
}

/// @notice One block of one edge.
struct BlockRef {
    uint256 edge;
    uint256 block;
}

/// @notice A segment's place in the graph, shown under the model's roots.
/// @param circuit index of its circuit in the manifest
/// @param leaf the circuit's leaf
/// @param circuitPath siblings of that leaf on the way to the circuits' root
/// @param path siblings of the segment's leaf on the way to the wiring's root
/// @param inputs blocks that it reads, in the order of the circuit's ports
/// @param outputs blocks that it makes
struct Wiring {
    uint256 circuit;
    bytes32 leaf;
    bytes32[] circuitPath;
    bytes32[] path;
    BlockRef[] inputs;
    BlockRef[] outputs;
}

/// @notice One segment's proof.
struct Proof {
    uint256[] publicInputs;
    bytes data;
}

/// @title The models and circuits whose proofs can be verified on this chain.
/// @notice Ids are computed here from what is registered, as protocol/README.md defines them: nobody can take an id, and
/// registering the same again changes nothing. Verifying data are kept as code, so that a verification needs nobody's help.
/// That a circuit computes what a model computes, no registry can tell: an audit of the id does.
contract ModelRegistry {
    /// EIP-170 allows 24,576 bytes of code; one is the prefix that stops its execution.
    uint256 public constant MAX_CHUNK = 24_575;
    /// @notice Bytes of verifying data that are kept with their circuit: to read one piece of code is cheaper than two.
    uint256 public constant MAX_REST = 16_384;
    uint256 public constant MAX_SEGMENTS = 65_536;
    /// @notice Ports of a circuit: for each, a proof's submission shows an edge under the job's root.
    uint256 public constant MAX_PORTS = 128;

    bytes32 private constant CIRCUIT_LABEL = keccak256("tessera/circuit/1");
    bytes32 private constant MODEL_LABEL = keccak256("tessera/model/1");
    bytes32 private constant SEGMENT_LABEL = keccak256("tessera/segment/1");

    /// @notice A piece of verifying data was stored.
    event ChunkStored(bytes32 indexed digest, address pointer);
    /// @notice A circuit was registered.
    event CircuitRegistered(bytes32 indexed circuit, address indexed verifier, bytes32 keyDigest);
    /// @notice A model was registered.
    event ModelRegistered(bytes32 indexed model, bytes32 indexed manifest, uint256 circuits, uint256 segments);

    error VerifierRepeated(bytes32 adapter, bytes32 srs);
    error VerifierUnknown(address verifier);
    error AdapterMismatch(bytes32 found, bytes32 expected);
    error ChunkUnknown(bytes32 digest);
    error ChunkTooLong(uint256 length, uint256 limit);
    error ChunkTooShort(uint256 length, uint256 expected);
    error ArtifactsUnordered(bytes32 role);
    error ArtifactMissing(bytes32 role);
    error ArtifactMismatch(bytes32 found, bytes32 expected);
    error CircuitUnknown(bytes32 circuit);
    error SrsUnlisted(bytes32 srs);
    error SegmentsOutOfRange(uint256 count, uint256 limit);
    error OutputsMissing();
    error ModelUnknown(bytes32 model);
    error WiringMismatch(bytes32 found, bytes32 expected);
    error PortsMismatch(uint256 found, uint256 expected);
    error PortsTooMany(uint256 count, uint256 limit);
    error ProofRejected(bytes32 model, uint256 segment);

    mapping(address verifier => bool) public isVerifier;
    /// @notice Where a piece of verifying data stands, by its keccak256.
    mapping(bytes32 digest => address) public chunkOf;

    /// Where the ABI encoding of each circuit stands.
    mapping(bytes32 leaf => address) private circuits;
    mapping(bytes32 id => Model) private models;

    /// @param verifiers the only code that circuits are ever verified by; one for an adapter and an SRS
    constructor(IProofVerifier[] memory verifiers) {
        for (uint256 i = 0; i < verifiers.length; i++) {
            for (uint256 j = 0; j < i; j++) {
                bytes32 srs = verifiers[i].srs();
                if (verifiers[i].adapter() == verifiers[j].adapter() && srs == verifiers[j].srs()) {
                    revert VerifierRepeated(verifiers[i].adapter(), srs);
                }
            }
            isVerifier[address(verifiers[i])] = true;
        }
    }

    /// @notice Stores a piece of verifying data that is too long for one transaction.
    function storeChunk(bytes calldata chunk) external returns (bytes32 digest) {
        (digest,) = store(chunk);
    }

    /// @notice Registers a circuit.
    /// @param verifier the proof system's verifier under the circuit's SRS
    /// @param chunks digests of stored pieces of `MAX_CHUNK` bytes each: the beginning of the verifying data
    /// @param rest the remainder; may be empty
    /// @return leaf the circuit's leaf in the tree of circuits
    function registerCircuit(
        CircuitDescription calldata description,
        IProofVerifier verifier,
        bytes32[] calldata chunks,
        bytes calldata rest
    ) external returns (bytes32 leaf) {
        leaf = circuitLeaf(description);
        if (circuits[leaf] != address(0)) return leaf;
        if (!isVerifier[address(verifier)]) revert VerifierUnknown(address(verifier));
        if (verifier.adapter() != description.adapter) {
            revert AdapterMismatch(description.adapter, verifier.adapter());
        }

        uint256 ports = description.inputs.length + description.outputs.length;
        if (ports > MAX_PORTS) revert PortsTooMany(ports, MAX_PORTS);

        Circuit memory circuit;
        (circuit.chunks, circuit.rest) = keep(chunks, rest);
        bytes memory data = keyOf(circuit);
        bytes32 expected = digestOf(description.artifacts, verifier.role());
        if (sha256(data) != expected) revert ArtifactMismatch(sha256(data), expected);
        circuit.verifier = verifier;
        circuit.hasContext = verifier.hasContext();
        circuit.keyDigest = keccak256(data);
        circuit.inputs = description.inputs.length;
        circuit.ports = verifier.register(data, description.inputs, description.outputs);
        circuits[leaf] = SSTORE2.write(abi.encode(circuit));
        emit CircuitRegistered(leaf, address(verifier), circuit.keyDigest);
    }

    /// @notice Registers a model whose circuits are all registered.
    /// @return id the model's id
    function registerModel(ModelDescription calldata description) external returns (bytes32 id) {
        id = modelId(description);
        if (models[id].segmentCount != 0) return id;
        uint256 segments = description.segments;
        if (segments == 0 || segments > MAX_SEGMENTS) revert SegmentsOutOfRange(segments, MAX_SEGMENTS);
        if (description.outputs.length == 0) revert OutputsMissing();
        for (uint256 i = 0; i < description.circuits.length; i++) {
            checkSrs(circuitOf(description.circuits[i]).verifier.srs(), description.srs);
        }
        models[id] = Model({
            circuits: MerkleTree.rootOf(description.circuits),
            wiring: description.wiring,
            inputs: keccak256(abi.encodePacked(description.inputs)),
            outputs: keccak256(abi.encodePacked(description.outputs)),
            circuitCount: uint64(description.circuits.length),
            segmentCount: uint64(segments)
        });
        emit ModelRegistered(id, description.manifest, description.circuits.length, segments);
    }

    /// @notice The id under which a model is registered.
    function modelId(ModelDescription calldata description) public pure returns (bytes32) {
        return keccak256(
            abi.encode(
                MODEL_LABEL,
                description.manifest,
                description.circuits.length,
                MerkleTree.rootOf(description.circuits),
                description.segments,
                description.wiring,
                keccak256(abi.encodePacked(description.inputs)),
                keccak256(abi.encodePacked(description.outputs)),
                description.srs.length,
                keccak256(abi.encodePacked(description.srs))
            )
        );
    }

    /// @notice A circuit's leaf in the tree of circuits.
    function circuitLeaf(CircuitDescription calldata description) public pure returns (bytes32) {
        Artifact[] calldata artifacts = description.artifacts;
        bytes memory named = "";
        for (uint256 i = 0; i < artifacts.length; i++) {
            if (i > 0 && artifacts[i].role <= artifacts[i - 1].role) revert ArtifactsUnordered(artifacts[i].role);
            named = bytes.concat(named, artifacts[i].role, artifacts[i].digest);
        }
        return keccak256(
            abi.encode(
                CIRCUIT_LABEL,
                description.adapter,
                keccak256(named),
                EdgeTypes.hashAll(description.inputs),
                EdgeTypes.hashAll(description.outputs)
            )
        );
    }

    /// @notice A registered model.
    function modelOf(bytes32 id) external view returns (Model memory found) {
        found = models[id];
        if (found.segmentCount == 0) revert ModelUnknown(id);
    }

    /// @notice Whether a model is registered.
    function isRegistered(bytes32 id) external view returns (bool) {
        return models[id].segmentCount != 0;
    }

    /// @notice A registered circuit.
    function circuitOf(bytes32 leaf) public view returns (Circuit memory) {
        address pointer = circuits[leaf];
        if (pointer == address(0)) revert CircuitUnknown(leaf);
        return abi.decode(SSTORE2.read(pointer), (Circuit));
    }

    /// @notice The verifying data of a circuit: the artifact's bytes.
    function verifyingData(bytes32 leaf) external view returns (bytes memory) {
        return keyOf(circuitOf(leaf));
    }

    /// @notice Verifies one segment's proof and tells what it binds.
    /// @param id the model
    /// @param segment index of the segment
    /// @param context what the proof must be bound to
    /// @return commitments keccak256 of the commitment's bytes, for each block of `wiring`, inputs before outputs
    function verifySegment(
        bytes32 id,
        uint256 segment,
        Wiring calldata wiring,
        Proof calldata proof,
        uint256 context
    ) external view returns (bytes32[] memory commitments) {
        checkWiring(id, segment, wiring);
        Circuit memory circuit = circuitOf(wiring.leaf);
        if (wiring.inputs.length != circuit.inputs) revert PortsMismatch(wiring.inputs.length, circuit.inputs);
        uint256 outputs = circuit.ports.length - circuit.inputs;
        if (wiring.outputs.length != outputs) revert PortsMismatch(wiring.outputs.length, outputs);
        commitments = Boundary.read(circuit.ports, proof.data, proof.publicInputs, circuit.hasContext, context);
        if (!circuit.verifier.verify(circuit.keyDigest, keyOf(circuit), proof.data, proof.publicInputs)) {
            revert ProofRejected(id, segment);
        }
    }

    /// The segment's leaf must stand under the wiring's root, and its circuit's under the circuits' root.
    function checkWiring(bytes32 id, uint256 segment, Wiring calldata wiring) private view {
        Model storage model = models[id];
        if (model.segmentCount == 0) revert ModelUnknown(id);
        bytes32 leaf = keccak256(
            abi.encode(
                SEGMENT_LABEL, segment, wiring.circuit, referencesHash(wiring.inputs), referencesHash(wiring.outputs)
            )
        );
        bytes32 root = MerkleTree.root(leaf, segment, model.segmentCount, wiring.path);
        if (root != model.wiring) revert WiringMismatch(root, model.wiring);
        root = MerkleTree.root(wiring.leaf, wiring.circuit, model.circuitCount, wiring.circuitPath);
        if (root != model.circuits) revert WiringMismatch(root, model.circuits);
    }

    /// keccak256 of the edge and block of each reference, as they stand in the calldata.
    function referencesHash(BlockRef[] calldata refs) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let size := mul(refs.length, 64)
            calldatacopy(free, refs.offset, size)
            digest := keccak256(free, size)
        }
    }

    function checkSrs(bytes32 srs, bytes32[] calldata listed) private pure {
        if (srs == 0) return;
        for (uint256 i = 0; i < listed.length; i++) {
            if (listed[i] == srs) return;
        }
        revert SrsUnlisted(srs);
    }

    function digestOf(Artifact[] calldata artifacts, bytes32 role) private pure returns (bytes32) {
        for (uint256 i = 0; i < artifacts.length; i++) {
            if (artifacts[i].role == role) return artifacts[i].digest;
        }
        revert ArtifactMissing(role);
    }

    /// Where the pieces of verifying data stand, and what is kept with the circuit.
    function keep(bytes32[] calldata chunks, bytes calldata rest)
        private
        returns (address[] memory pointers, bytes memory kept)
    {
        bool isLong = rest.length > MAX_REST;
        pointers = new address[](isLong ? chunks.length + 1 : chunks.length);
        for (uint256 i = 0; i < chunks.length; i++) {
            pointers[i] = chunkOf[chunks[i]];
            if (pointers[i] == address(0)) revert ChunkUnknown(chunks[i]);
            // Whoever comes first chooses the pieces for all: in small ones, no verification could be paid for.
            uint256 length = pointers[i].code.length - 1;
            if (length != MAX_CHUNK) revert ChunkTooShort(length, MAX_CHUNK);
        }
        if (isLong) (, pointers[chunks.length]) = store(rest);
        else kept = rest;
    }

    function store(bytes calldata chunk) private returns (bytes32 digest, address pointer) {
        if (chunk.length > MAX_CHUNK) revert ChunkTooLong(chunk.length, MAX_CHUNK);
        digest = keccak256(chunk);
        pointer = chunkOf[digest];
        if (pointer != address(0)) return (digest, pointer);
        pointer = SSTORE2.write(chunk);
        chunkOf[digest] = pointer;
        emit ChunkStored(digest, pointer);
    }

    /// The whole of a circuit's verifying data.
    function keyOf(Circuit memory circuit) private view returns (bytes memory data) {
        if (circuit.chunks.length == 0) return circuit.rest;
        for (uint256 i = 0; i < circuit.chunks.length; i++) {
            data = bytes.concat(data, SSTORE2.read(circuit.chunks[i]));
        }
        return bytes.concat(data, circuit.rest);
    }
}
