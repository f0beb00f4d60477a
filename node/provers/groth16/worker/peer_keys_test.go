package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestPeersKeysAreCheckedAndProve(t *testing.T) {
	files := setUp(t, sampleCircuit())
	folder := t.TempDir()
	exported := filepath.Join(folder, "exported")
	if _, err := exportKey(exportParams{files.ProvingKey, files.digests.ProvingKey, exported}); err != nil {
		t.Fatal(err)
	}
	imported := setupParams{files.Constraints, filepath.Join(folder, "pk"), filepath.Join(folder, "vk")}
	digests, err := importPeerKeys(importParams{imported, exported, files.VerifyingKey})
	if err != nil {
		t.Fatal(err)
	}
	c, err := loadCircuit(imported.Constraints, imported.ProvingKey, digests.ProvingKey, imported.VerifyingKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.prove(writeWitness(t, sampleWitness(9, 1))); err != nil {
		t.Fatal(err)
	}

	data, err := os.ReadFile(exported)
	if err != nil {
		t.Fatal(err)
	}
	wires := len(c.provingKey.InfinityA)
	flags := len(data) - 4 - 2*wires
	lists := domainBytes + 3*g1Bytes
	for name, changed := range map[string][]byte{
		"cut off": data[:len(data)/2], "empty": {}, "off the curve": flipped(data, len(data)/2),
		"of a domain of 2^40":                   append([]byte{0, 0, 1, 0, 0, 0, 0, 0}, data[8:]...),
		"of 2^32 points":                        append(append(bytes.Clone(data[:lists]), 255, 255, 255, 255), data[lists+4:]...),
		"of another number of wires":            flipped(data, flags-17),
		"of more points at infinity than said":  flipped(data, flags),
		"of fewer points at infinity than said": flipped(data, flags-9),
		"of too many points at infinity":        flipped(data, flags-16),
		"longer than it says":                   append(bytes.Clone(data), 0),
	} {
		path := writeFile(t, "changed", changed)
		if _, err := importPeerKeys(importParams{imported, path, files.VerifyingKey}); !isRefusal(err) {
			t.Errorf("a proving key that is %s: %v", name, err)
		}
	}

	// Keys of another setup of the same circuit: they fit, and what they prove does not verify.
	other := setUp(t, sampleCircuit())
	digests, err = importPeerKeys(importParams{imported, exported, other.VerifyingKey})
	if err != nil {
		t.Fatal(err)
	}
	c, err = loadCircuit(imported.Constraints, imported.ProvingKey, digests.ProvingKey, imported.VerifyingKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.prove(writeWitness(t, sampleWitness(9, 1))); !isRefusal(err) {
		t.Errorf("a mismatched proving key: %v", err)
	}
}

func flipped(data []byte, at int) []byte {
	changed := bytes.Clone(data)
	changed[at] ^= 1
	return changed
}
