package main

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// circuitFiles is a circuit that has been set up, on disk.
type circuitFiles struct {
	setupParams
	digests keyDigests
}

func setUp(t *testing.T, file []byte) circuitFiles {
	t.Helper()
	folder := t.TempDir()
	p := setupParams{
		Constraints:  writeFile(t, "constraints", file),
		ProvingKey:   filepath.Join(folder, "pk"),
		VerifyingKey: filepath.Join(folder, "vk"),
	}
	result, err := setup(p)
	if err != nil {
		t.Fatal(err)
	}
	if result.Trust != "development" {
		t.Errorf("one party's setup is marked %q", result.Trust)
	}
	return circuitFiles{p, result.keyDigests}
}

func (f circuitFiles) load() (*circuit, error) {
	return loadCircuit(f.Constraints, f.ProvingKey, f.digests.ProvingKey, f.VerifyingKey)
}

func TestProvesAndVerifies(t *testing.T) {
	files := setUp(t, sampleCircuit())
	c, err := files.load()
	if err != nil {
		t.Fatal(err)
	}
	proof, inputs, err := c.prove(writeWitness(t, sampleWitness(9, 1)))
	if err != nil {
		t.Fatal(err)
	}
	accepts := func(proof, inputs []byte) bool {
		result, err := verify(verifyParams{
			proofMessage{hex.EncodeToString(proof), hex.EncodeToString(inputs)}, files.VerifyingKey})
		if err != nil {
			t.Fatal(err)
		}
		return result.Valid
	}
	if !accepts(proof, inputs) {
		t.Fatal("an honest proof was rejected")
	}
	for i := range proof {
		changed := append([]byte(nil), proof...)
		changed[i] ^= 1
		if accepts(changed, inputs) {
			t.Errorf("a proof with byte %d changed was accepted", i)
		}
	}
	for name, changed := range map[string][]byte{
		"none": {}, "two": append(append([]byte(nil), inputs...), inputs...),
		"another": make([]byte, fr.Bytes), "not whole": inputs[1:],
		"plus r": plusOrder(inputs),
	} {
		if accepts(proof, changed) {
			t.Errorf("public inputs (%s) were accepted", name)
		}
	}
	if accepts(proof[:len(proof)-1], inputs) || accepts(append(proof, 0), inputs) {
		t.Error("a proof of another length was accepted")
	}
}

// plusOrder adds r to an element: the same residue in another encoding.
func plusOrder(encoded []byte) []byte {
	var e fr.Element
	e.SetBytes(encoded)
	value := fr.Modulus()
	value.Add(value, new(fr.Element).Set(&e).BigInt(fr.Modulus()))
	return value.FillBytes(make([]byte, fr.Bytes))
}

func TestUnsatisfiedWitnessesGetNoProof(t *testing.T) {
	c, err := setUp(t, sampleCircuit()).load()
	if err != nil {
		t.Fatal(err)
	}
	wrong := sampleWitness(9, 1)
	wrong[1] = fr.NewElement(1)
	if _, _, err := c.prove(writeWitness(t, wrong)); !isRefusal(err) {
		t.Errorf("a false public input: %v", err)
	}
}

func TestCorruptedKeysAreRefused(t *testing.T) {
	files := setUp(t, sampleCircuit())
	for _, path := range []string{files.ProvingKey, files.VerifyingKey} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int{0, len(data) / 2, len(data) - 1} {
			changed := append([]byte(nil), data...)
			changed[at] ^= 1
			if err := os.WriteFile(path, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := files.load(); !isRefusal(err) {
				t.Errorf("byte %d of %s changed: %v", at, filepath.Base(path), err)
			}
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := files.load(); err != nil {
		t.Errorf("restored keys: %v", err)
	}
}

func TestKeysOfAnotherCircuitAreRefused(t *testing.T) {
	files := setUp(t, sampleCircuit())
	b := &fileBuilder{public: 1, wires: 2}
	b.inRange(4, 1, 1)
	files.Constraints = writeFile(t, "constraints", b.bytes())
	if _, err := files.load(); !isRefusal(err) {
		t.Errorf("%v", err)
	}
}

func TestFreePublicInputsGetNoKeys(t *testing.T) {
	b := &fileBuilder{public: 2, wires: 3}
	b.inRange(4, 1, 1)
	folder := t.TempDir()
	_, err := setup(setupParams{
		writeFile(t, "constraints", b.bytes()), filepath.Join(folder, "pk"), filepath.Join(folder, "vk")})
	if !isRefusal(err) {
		t.Errorf("%v", err)
	}
}
