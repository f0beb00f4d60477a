package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	cs "github.com/consensys/gnark/constraint/bn254"
)

// A circuit that is ready to prove.
type circuit struct {
	source       *constraintSystem
	r1cs         *cs.R1CS
	provingKey   *groth16.ProvingKey
	verifyingKey *groth16.VerifyingKey
}

// keyDigests are the sha2-256 of the files that a setup wrote.
type keyDigests struct {
	ProvingKey   string `json:"provingKey"`
	VerifyingKey string `json:"verifyingKey"`
}

// developmentSetup makes keys from randomness that this process alone knows and forgets. Whoever could read its memory
// could forge proofs: such keys are for development.
func developmentSetup(r1cs *cs.R1CS, provingPath, verifyingPath string) (keyDigests, error) {
	var provingKey groth16.ProvingKey
	var verifyingKey groth16.VerifyingKey
	if err := groth16.Setup(r1cs, &provingKey, &verifyingKey); err != nil {
		return keyDigests{}, &workerError{failed, err.Error()}
	}
	return writeKeys(&provingKey, &verifyingKey, provingPath, verifyingPath)
}

// writeKeys writes the proving key as a dump of memory, which loads fastest and is good on this kind of machine only.
func writeKeys(
	provingKey *groth16.ProvingKey, verifyingKey *groth16.VerifyingKey, provingPath, verifyingPath string,
) (digests keyDigests, err error) {
	for i := range verifyingKey.G1.K {
		// Anything could be claimed of such an input: the proof does not depend on it.
		if verifyingKey.G1.K[i].IsInfinity() {
			return digests, &workerError{failed, fmt.Sprintf("no constraint holds public input %d", i)}
		}
	}
	if digests.ProvingKey, err = writeHashed(provingPath, provingKey.WriteDump); err != nil {
		return digests, err
	}
	digests.VerifyingKey, err = writeHashed(verifyingPath, func(w io.Writer) error {
		_, err := w.Write(encodeVerifyingKey(verifyingKey))
		return err
	})
	return digests, err
}

// writeHashed writes a file through a buffer and returns the sha2-256 of its bytes in hexadecimal.
func writeHashed(path string, write func(io.Writer) error) (digest string, err error) {
	file, err := os.Create(path)
	if err != nil {
		return "", &workerError{storage, err.Error()}
	}
	defer func() {
		if closing := file.Close(); err == nil && closing != nil {
			err = &workerError{storage, closing.Error()}
		}
	}()
	hash := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(file, hash), 1<<20)
	if err := write(buffered); err != nil {
		return "", &workerError{storage, err.Error()}
	}
	if err := buffered.Flush(); err != nil {
		return "", &workerError{storage, err.Error()}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// readProvingKey loads a dump whose digest is the one given: a dump is read unchecked, so nothing else may reach it.
func readProvingKey(path, digest string) (*groth16.ProvingKey, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &workerError{storage, err.Error()}
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return nil, &workerError{storage, err.Error()}
	}
	if actual := hex.EncodeToString(hash.Sum(nil)); actual != digest {
		return nil, &workerError{failed, fmt.Sprintf(
			"the proving key %s is corrupted: its digest is %s, not %s", path, actual, digest)}
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, &workerError{storage, err.Error()}
	}
	key := new(groth16.ProvingKey)
	if err := key.ReadDump(bufio.NewReaderSize(file, 1<<20)); err != nil {
		return nil, &workerError{failed, fmt.Sprintf("the proving key %s cannot be read: %v", path, err)}
	}
	return key, nil
}

// fits says whether every list of the keys is as long as the circuit makes it.
func fits(r1cs *cs.R1CS, provingKey *groth16.ProvingKey, verifyingKey *groth16.VerifyingKey) bool {
	internal, secret, public := r1cs.GetNbVariables()
	wires := internal + secret + public
	g1, g2 := &provingKey.G1, &provingKey.G2
	return finite(provingKey.InfinityA, provingKey.NbInfinityA, wires) == len(g1.A) &&
		finite(provingKey.InfinityB, provingKey.NbInfinityB, wires) == len(g1.B) && len(g2.B) == len(g1.B) &&
		len(g1.K) == wires-public && uint64(len(g1.Z)) == provingKey.Domain.Cardinality-1 &&
		len(provingKey.CommitmentKeys) == 0 && len(verifyingKey.G1.K) == public
}

// finite counts the wires whose point is not at infinity; -1 where that is not said of every wire, or not as counted.
func finite(infinity []bool, count uint64, wires int) int {
	points := 0
	for _, isInfinity := range infinity {
		if !isInfinity {
			points++
		}
	}
	if len(infinity) != wires || uint64(wires-points) != count {
		return -1
	}
	return points
}

func readVerifyingKey(path string) (*groth16.VerifyingKey, error) {
	data, err := readBounded(path, keyHeaderBytes+(maxPublicInputs+1)*g1Bytes)
	if err != nil {
		return nil, err
	}
	return decodeVerifyingKey(data)
}

func loadCircuit(constraintsPath, provingPath, provingDigest, verifyingPath string) (*circuit, error) {
	source, err := readConstraintSystem(constraintsPath)
	if err != nil {
		return nil, err
	}
	r1cs, err := translate(source)
	if err != nil {
		return nil, err
	}
	provingKey, err := readProvingKey(provingPath, provingDigest)
	if err != nil {
		return nil, err
	}
	verifyingKey, err := readVerifyingKey(verifyingPath)
	if err != nil {
		return nil, err
	}
	if !fits(r1cs, provingKey, verifyingKey) {
		return nil, &workerError{failed, "the keys belong to another circuit"}
	}
	return &circuit{source, r1cs, provingKey, verifyingKey}, nil
}

// prove returns the proof and the public inputs in the encodings of this program, verified.
func (c *circuit) prove(witnessPath string) (proof, publicInputs []byte, err error) {
	assigned, err := readWitness(witnessPath, c.source)
	if err != nil {
		return nil, nil, err
	}
	result, err := groth16.Prove(c.r1cs, c.provingKey, assigned)
	if err != nil {
		return nil, nil, &workerError{failed, "the witness does not satisfy the circuit: " + err.Error()}
	}
	inputs := assigned.values[:c.source.public]
	if err := groth16.Verify(result, c.verifyingKey, inputs); err != nil {
		return nil, nil, &workerError{failed, "the proof does not verify under its own key: " + err.Error()}
	}
	for i := range inputs {
		bytes := inputs[i].Bytes()
		publicInputs = append(publicInputs, bytes[:]...)
	}
	return encodeProof(result), publicInputs, nil
}
