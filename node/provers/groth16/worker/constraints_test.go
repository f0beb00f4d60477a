package main

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// isRefusal tells whether an error is one that a caller is told, and not a fault of this program.
func isRefusal(err error) bool {
	var known *workerError
	return errors.As(err, &known)
}

// translateBytes reads and translates, as every request does.
func translateBytes(data []byte) error {
	source, err := parseConstraintSystem(data)
	if err == nil {
		_, err = translate(source)
	}
	return err
}

func TestEveryTruncationIsRefused(t *testing.T) {
	file := sampleCircuit()
	for length := range file {
		if err := translateBytes(file[:length]); !isRefusal(err) {
			t.Errorf("cut to %d bytes: %v", length, err)
		}
	}
	if err := translateBytes(append(file, 0)); !isRefusal(err) {
		t.Errorf("a byte more: %v", err)
	}
}

func TestMalformedFilesAreRefused(t *testing.T) {
	coefficient := func(last ...byte) []byte { return append(make([]byte, fr.Bytes-len(last)), last...) }
	order := fr.Modulus().FillBytes(make([]byte, fr.Bytes))
	file := func(public, wires, count byte, table []byte, rest ...byte) []byte {
		return append(append(append(append([]byte(nil), magic...), public, wires, count), table...), rest...)
	}
	one := coefficient(1)
	for name, data := range map[string][]byte{
		"empty":                     {},
		"another version":           {'T', 'S', 'C', 'S', 2, 0, 1, 0, 0},
		"all wires public":          file(2, 2, 0, nil, 0),
		"no wires":                  file(0, 0, 0, nil, 0),
		"coefficient zero":          file(0, 1, 1, coefficient(0), 0),
		"coefficient r":             file(0, 1, 1, order, 0),
		"coefficient twice":         file(0, 1, 2, append(coefficient(1), one...), 0),
		"table past the end":        file(0, 1, 9, one, 0),
		"more instructions":         file(0, 1, 0, nil, 9),
		"long varint":               file(0, 1, 0, nil, 0x80, 0),
		"unknown opcode":            file(0, 1, 0, nil, 1, 3),
		"range of no bits":          file(0, 1, 1, one, 1, opRange, 0, 0),
		"range of 251 bits":         file(0, 1, 1, one, 1, opRange, 0xfb, 1, 0),
		"wire past the last":        file(0, 2, 1, one, 1, opZero, 0, 1, 2, 0),
		"coefficient past the last": file(0, 2, 1, one, 1, opZero, 0, 1, 1, 1),
		"the same wire twice":       file(0, 2, 1, one, 1, opZero, 0, 2, 1, 0, 0, 0),
		"too many products":         file(0, 2, 1, one, 1, opZero, 0x81, 0x80, 4),
		"output past the last":      file(0, 5, 1, one, 1, opPermute, 0, 0, 0, 0, 2),
		"output to the constant":    file(0, 5, 1, one, 1, opPermute, 0, 0, 0, 0, 0),
		"more wires than bytes":     file(0, 0x80, 0, nil, 0x80, 0x80, 0x80, 7, 0, 0),
		"number of 2^32":            file(0, 1, 0, nil, 0x80, 0x80, 0x80, 0x80, 0x10),
	} {
		if err := translateBytes(data); !isRefusal(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Changed bytes make a file another circuit or no file; they must never take the process down.
func TestCorruptedFilesNeverPanic(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		file := sampleCircuit()
		for range 1 + random.IntN(4) {
			file[random.IntN(len(file))] = byte(random.Uint32())
		}
		if err := translateBytes(file); err != nil && !isRefusal(err) {
			t.Fatalf("not a refusal: %v", err)
		}
	}
}
