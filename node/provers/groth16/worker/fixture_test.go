package main

import (
	"encoding/binary"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// fileBuilder writes constraint systems as node/provers/circuit/FORMAT.md has them.
type fileBuilder struct {
	public, wires uint64
	coefficients  []*big.Int
	instructions  uint64
	body          []byte
}

func (b *fileBuilder) varint(value uint64) { b.body = binary.AppendUvarint(b.body, value) }

// expression takes pairs of a wire and a factor.
func (b *fileBuilder) expression(pairs ...int64) {
	b.varint(uint64(len(pairs) / 2))
	previous := int64(0)
	for i := 0; i < len(pairs); i += 2 {
		b.varint(uint64(pairs[i] - previous))
		previous = pairs[i]
		b.varint(b.coefficient(new(big.Int).Mod(big.NewInt(pairs[i+1]), fr.Modulus())))
	}
}

func (b *fileBuilder) coefficient(value *big.Int) uint64 {
	for i, known := range b.coefficients {
		if known.Cmp(value) == 0 {
			return uint64(i)
		}
	}
	b.coefficients = append(b.coefficients, value)
	return uint64(len(b.coefficients) - 1)
}

// zero takes the factors of the products in turn, and the rest last.
func (b *fileBuilder) zero(expressions ...[]int64) {
	b.instructions++
	b.body = append(b.body, opZero)
	b.varint(uint64(len(expressions) / 2))
	for _, e := range expressions {
		b.expression(e...)
	}
}

func (b *fileBuilder) inRange(bits uint64, pairs ...int64) {
	b.instructions++
	b.body = append(b.body, opRange)
	b.varint(bits)
	b.expression(pairs...)
}

func (b *fileBuilder) permute(output uint64, inputs [4][]int64) {
	b.instructions++
	b.body = append(b.body, opPermute)
	for _, e := range inputs {
		b.expression(e...)
	}
	b.varint(output)
}

func (b *fileBuilder) bytes() []byte {
	data := append([]byte(nil), magic...)
	data = binary.AppendUvarint(data, b.public)
	data = binary.AppendUvarint(data, b.wires)
	data = binary.AppendUvarint(data, uint64(len(b.coefficients)))
	for _, c := range b.coefficients {
		data = append(data, c.FillBytes(make([]byte, fr.Bytes))...)
	}
	data = binary.AppendUvarint(data, b.instructions)
	return append(data, b.body...)
}

// sampleCircuit has every instruction: wire 1 (public) = x·y + y·z + 3, wires 2 and 3 are x and y, below 2^8 and 2^1,
// wire 4 is z; wires 5 to 8 are the permutation of (x, y, z + 1, 7). Wire 1 is the only public one.
func sampleCircuit() []byte {
	b := &fileBuilder{public: 1, wires: 9}
	b.zero([]int64{2, 1}, []int64{3, 1}, []int64{3, 1}, []int64{4, 1}, []int64{0, 3, 1, -1})
	b.inRange(8, 2, 1)
	b.inRange(1, 3, 1)
	b.inRange(250, 4, 1)
	b.zero([]int64{2, 2, 4, -1}) // z = 2x
	b.permute(5, [4][]int64{{2, 1}, {3, 1}, {0, 1, 4, 1}, {0, 7}})
	return b.bytes()
}

func sampleWitness(x, y uint64) fr.Vector {
	z := 2 * x
	state := nativePermutation([4]fr.Element{
		fr.NewElement(x), fr.NewElement(y), fr.NewElement(z + 1), fr.NewElement(7)})
	return fr.Vector{
		fr.One(), fr.NewElement(x*y + y*z + 3), fr.NewElement(x), fr.NewElement(y), fr.NewElement(z),
		state[0], state[1], state[2], state[3],
	}
}

func nativePermutation(state [4]fr.Element) [4]fr.Element {
	return permute(&extender{}, state)
}

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeWitness(t *testing.T, values fr.Vector) string {
	t.Helper()
	var data []byte
	for i := range values {
		bytes := values[i].Bytes()
		data = append(data, bytes[:]...)
	}
	return writeFile(t, "witness", data)
}

func element(t *testing.T, text string) (e fr.Element) {
	t.Helper()
	if _, err := e.SetString(text); err != nil {
		t.Fatal(err)
	}
	return e
}
