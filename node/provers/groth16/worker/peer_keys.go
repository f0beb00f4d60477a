package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	curve "github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/fft"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	cs "github.com/consensys/gnark/constraint/bn254"
)

// exportProvingKey writes a key of this machine's for a peer: points that whoever reads them can check.
func exportProvingKey(path, digest, out string) (string, error) {
	key, err := readProvingKey(path, digest)
	if err != nil {
		return "", err
	}
	return writeHashed(out, func(w io.Writer) error {
		_, err := key.WriteRawTo(w)
		return err
	})
}

// importKeys reads a peer's keys with every point checked to lie in its group, holds them against the circuit, and
// writes them as this machine's own. Keys of another circuit or of another setup make proofs that do not verify; such
// a proof is never returned.
func importKeys(r1cs *cs.R1CS, exportedPath, verifyingPath, provingOut, verifyingOut string) (keyDigests, error) {
	verifyingKey, err := readVerifyingKey(verifyingPath)
	if err != nil {
		return keyDigests{}, err
	}
	file, err := os.Open(exportedPath)
	if err != nil {
		return keyDigests{}, &workerError{storage, err.Error()}
	}
	defer file.Close()
	provingKey, err := readPeerKey(bufio.NewReaderSize(file, 1<<20), r1cs)
	if err != nil {
		return keyDigests{}, &workerError{failed, fmt.Sprintf("the peer's proving key cannot be read: %v", err)}
	}
	if !fits(r1cs, provingKey, verifyingKey) {
		return keyDigests{}, &workerError{failed, "the keys belong to another circuit"}
	}
	return writeKeys(provingKey, verifyingKey, provingOut, verifyingOut)
}

// domainBytes is the size of an encoded domain: its cardinality, five elements and a flag.
const domainBytes = 8 + 5*fr.Bytes + 1

// readPeerKey reads what gnark's WriteRawTo writes. Not by its ReadFrom: that allocates by the lengths in the file,
// and a key whose lists disagree ends the process when it proves.
func readPeerKey(from *bufio.Reader, r1cs *cs.R1CS) (*groth16.ProvingKey, error) {
	head, err := from.Peek(domainBytes)
	domain := domainOf(r1cs)
	if err != nil || binary.BigEndian.Uint64(head) != domain {
		return nil, fmt.Errorf("it is not of a domain of %d", domain)
	}
	from.Discard(domainBytes)
	key := &groth16.ProvingKey{Domain: *fft.NewDomain(domain)}
	internal, secret, public := r1cs.GetNbVariables()
	wires := internal + secret + public
	var stated uint64
	var commitments uint32
	decoder := curve.NewDecoder(from)
	for _, field := range []struct {
		value any
		most  int // elements of a list
	}{
		{&key.G1.Alpha, 0}, {&key.G1.Beta, 0}, {&key.G1.Delta, 0},
		{&key.G1.A, wires}, {&key.G1.B, wires}, {&key.G1.Z, int(domain)}, {&key.G1.K, wires},
		{&key.G2.Beta, 0}, {&key.G2.Delta, 0}, {&key.G2.B, wires},
		{&stated, 0}, {&key.NbInfinityA, 0}, {&key.NbInfinityB, 0},
	} {
		if field.most > 0 {
			if head, err := from.Peek(4); err != nil || uint64(binary.BigEndian.Uint32(head)) > uint64(field.most) {
				return nil, fmt.Errorf("a list of it has more than %d points", field.most)
			}
		}
		if err := decoder.Decode(field.value); err != nil {
			return nil, err
		}
	}
	if stated != uint64(wires) {
		return nil, fmt.Errorf("it has %d wires, not %d", stated, wires)
	}
	key.InfinityA, key.InfinityB = make([]bool, wires), make([]bool, wires)
	for _, field := range []any{&key.InfinityA, &key.InfinityB, &commitments} {
		if err := decoder.Decode(field); err != nil {
			return nil, err
		}
	}
	if _, err := from.ReadByte(); commitments != 0 || err != io.EOF {
		return nil, fmt.Errorf("it goes on after its end")
	}
	return key, nil
}
