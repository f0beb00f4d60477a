package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	groth16 "github.com/consensys/gnark/backend/groth16/bn254"

	"github.com/consensys/gnark-crypto/ecc"
)

// maxLoaded bounds the circuits kept in memory; the one loaded first makes room.
const maxLoaded = 4

// session keeps loaded circuits between requests, by the digest of their proving key.
type session struct {
	loaded map[string]*circuit
	order  []string
}

// answer never panics: gnark does on some inputs that it does not expect.
func (s *session) answer(r *request) (message any) {
	defer func() {
		if fault := recover(); fault != nil {
			message = errorMessage{"error", r.ID, failed, fmt.Sprint(fault)}
		}
	}()
	value, err := s.call(r.Operation, r.Parameters)
	if err == nil {
		return resultMessage{"result", r.ID, value}
	}
	kind := failed
	var known *workerError
	if errors.As(err, &known) {
		kind = known.kind
	}
	return errorMessage{"error", r.ID, kind, err.Error()}
}

func (s *session) call(operation string, params json.RawMessage) (any, error) {
	switch operation {
	case "inspect":
		return decodeAnd(params, inspect)
	case "setup":
		return decodeAnd(params, setup)
	case "exportKey":
		return decodeAnd(params, exportKey)
	case "exportSolidity":
		return decodeAnd(params, exportSolidity)
	case "importKeys":
		return decodeAnd(params, importPeerKeys)
	case "load":
		return decodeAnd(params, s.load)
	case "unload":
		return decodeAnd(params, s.unload)
	case "prove":
		return decodeAnd(params, s.prove)
	case "verify":
		return decodeAnd(params, verify)
	case "ceremony/start":
		return decodeAnd(params, startPowers)
	case "ceremony/contribute":
		return decodeAnd(params, contribute)
	case "ceremony/check":
		return decodeAnd(params, checkTranscript)
	case "ceremony/advance":
		return decodeAnd(params, startCircuitPhase)
	case "ceremony/finalize":
		return decodeAnd(params, finalize)
	}
	return nil, &workerError{usage, fmt.Sprintf("unknown operation %q", operation)}
}

// decodeAnd parses the parameters strictly and calls.
func decodeAnd[P, R any](params json.RawMessage, call func(P) (R, error)) (any, error) {
	var p P
	decoder := json.NewDecoder(bytes.NewReader(params))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return nil, &workerError{usage, "parameters: " + err.Error()}
	}
	return call(p)
}

type constraintsParams struct {
	Constraints string `json:"constraints"`
}

type circuitFacts struct {
	Digest       string `json:"digest"`
	PublicInputs int    `json:"publicInputs"`
	Wires        int    `json:"wires"`
	// Constraints of the R1CS, and the power of two that holds them with the public wires.
	Constraints int    `json:"constraints"`
	Domain      uint64 `json:"domain"`
}

func inspect(p constraintsParams) (circuitFacts, error) {
	source, err := readConstraintSystem(p.Constraints)
	if err != nil {
		return circuitFacts{}, err
	}
	r1cs, err := translate(source)
	if err != nil {
		return circuitFacts{}, err
	}
	constraints := r1cs.GetNbConstraints()
	return circuitFacts{
		Digest:       hex.EncodeToString(source.digest[:]),
		PublicInputs: source.public,
		Wires:        source.wires,
		Constraints:  constraints,
		Domain:       ecc.NextPowerOfTwo(uint64(constraints)),
	}, nil
}

type setupParams struct {
	Constraints  string `json:"constraints"`
	ProvingKey   string `json:"provingKey"`
	VerifyingKey string `json:"verifyingKey"`
}

type setupResult struct {
	keyDigests
	Constraints string `json:"constraints"`
	// Trust says where the keys' randomness came from: `development` is one party.
	Trust string `json:"trust"`
}

func setup(p setupParams) (setupResult, error) {
	source, err := readConstraintSystem(p.Constraints)
	if err != nil {
		return setupResult{}, err
	}
	r1cs, err := translate(source)
	if err != nil {
		return setupResult{}, err
	}
	digests, err := developmentSetup(r1cs, p.ProvingKey, p.VerifyingKey)
	return setupResult{digests, hex.EncodeToString(source.digest[:]), "development"}, err
}

type exportParams struct {
	ProvingKey       string `json:"provingKey"`
	ProvingKeyDigest string `json:"provingKeyDigest"`
	Out              string `json:"out"`
}

type exportResult struct {
	Digest string `json:"digest"`
}

func exportKey(p exportParams) (exportResult, error) {
	digest, err := exportProvingKey(p.ProvingKey, p.ProvingKeyDigest, p.Out)
	return exportResult{digest}, err
}

type solidityParams struct {
	VerifyingKey string `json:"verifyingKey"`
	Out          string `json:"out"`
}

// exportSolidity writes the contract that gnark generates for one circuit: what the market's verifier is compared with.
func exportSolidity(p solidityParams) (exportResult, error) {
	key, err := readVerifyingKey(p.VerifyingKey)
	if err != nil {
		return exportResult{}, err
	}
	digest, err := writeHashed(p.Out, func(w io.Writer) error { return key.ExportSolidity(w) })
	return exportResult{digest}, err
}

type importParams struct {
	setupParams
	Exported         string `json:"exported"`
	ExportedVerifier string `json:"exportedVerifier"`
}

func importPeerKeys(p importParams) (keyDigests, error) {
	source, err := readConstraintSystem(p.Constraints)
	if err != nil {
		return keyDigests{}, err
	}
	r1cs, err := translate(source)
	if err != nil {
		return keyDigests{}, err
	}
	return importKeys(r1cs, p.Exported, p.ExportedVerifier, p.ProvingKey, p.VerifyingKey)
}

type loadParams struct {
	setupParams
	ProvingKeyDigest string `json:"provingKeyDigest"`
}

type loadResult struct {
	Circuit string `json:"circuit"`
}

func (s *session) load(p loadParams) (loadResult, error) {
	if _, ok := s.loaded[p.ProvingKeyDigest]; ok {
		return loadResult{p.ProvingKeyDigest}, nil
	}
	for len(s.order) >= maxLoaded {
		if _, err := s.unload(loadResult{s.order[0]}); err != nil {
			return loadResult{}, err
		}
	}
	c, err := loadCircuit(p.Constraints, p.ProvingKey, p.ProvingKeyDigest, p.VerifyingKey)
	if err != nil {
		return loadResult{}, err
	}
	s.loaded[p.ProvingKeyDigest] = c
	s.order = append(s.order, p.ProvingKeyDigest)
	return loadResult{p.ProvingKeyDigest}, nil
}

func (s *session) unload(p loadResult) (struct{}, error) {
	delete(s.loaded, p.Circuit)
	for i, loaded := range s.order {
		if loaded == p.Circuit {
			s.order = append(s.order[:i], s.order[i+1:]...)
			break
		}
	}
	// The process is held to a limit on what it keeps from the system.
	debug.FreeOSMemory()
	return struct{}{}, nil
}

type proveParams struct {
	loadResult
	Witness string `json:"witness"`
}

// proofMessage carries bytes in hexadecimal.
type proofMessage struct {
	Proof        string `json:"proof"`
	PublicInputs string `json:"publicInputs"`
}

func (s *session) prove(p proveParams) (proofMessage, error) {
	c, ok := s.loaded[p.Circuit]
	if !ok {
		return proofMessage{}, &workerError{usage, fmt.Sprintf("circuit %q is not loaded", p.Circuit)}
	}
	proof, inputs, err := c.prove(p.Witness)
	return proofMessage{hex.EncodeToString(proof), hex.EncodeToString(inputs)}, err
}

type verifyParams struct {
	proofMessage
	VerifyingKey string `json:"verifyingKey"`
}

type verdict struct {
	Valid  bool   `json:"valid"`
	Reason string `json:"reason,omitempty"`
}

// verify gives a verdict on whatever bytes claim to be a proof; only an unusable verifying key is an error.
func verify(p verifyParams) (verdict, error) {
	key, err := readVerifyingKey(p.VerifyingKey)
	if err != nil {
		return verdict{}, err
	}
	if err := verifyEncoded(key, p.proofMessage); err != nil {
		return verdict{Reason: err.Error()}, nil
	}
	return verdict{Valid: true}, nil
}

func verifyEncoded(key *groth16.VerifyingKey, message proofMessage) error {
	proofData, err := hex.DecodeString(message.Proof)
	if err != nil {
		return err
	}
	inputData, err := hex.DecodeString(message.PublicInputs)
	if err != nil {
		return err
	}
	proof, err := decodeProof(proofData)
	if err != nil {
		return err
	}
	inputs, err := decodePublicInputs(inputData)
	if err != nil {
		return err
	}
	return groth16.Verify(proof, key, inputs)
}
