package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
	"os"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Limits of the constraint language (node/provers/circuit/FORMAT.md), and on the size of a file.
const (
	maxFileBytes    = 1 << 31
	maxWires        = 1 << 31
	maxCoefficients = 1 << 24
	maxProducts     = 1 << 16
	maxTerms        = 1 << 24
	maxRangeBits    = 250
)

const (
	opZero    = 0
	opRange   = 1
	opPermute = 2
)

var magic = []byte{'T', 'S', 'C', 'S', 1}

// linearTerm is one wire with an index into the coefficient table.
type linearTerm struct{ wire, coefficient uint32 }

// linear is a sum of terms in ascending order of their wires.
type linear []linearTerm

type product struct{ a, b linear }

// instructionVisitor receives the instructions in order. Expressions are valid during the call only.
type instructionVisitor interface {
	zero(products []product, rest linear) error
	inRange(bits int, value linear) error
	permute(inputs [4]linear, output uint32) error
}

// constraintSystem is a file of the constraint language whose header has been checked; its instructions are checked
// as they are walked.
type constraintSystem struct {
	public       int // without the constant wire
	wires        int // with the constant wire and the public ones
	coefficients []fr.Element
	instructions int
	body         []byte
	digest       [sha256.Size]byte
}

func readConstraintSystem(path string) (*constraintSystem, error) {
	data, err := readBounded(path, maxFileBytes)
	if err != nil {
		return nil, err
	}
	return parseConstraintSystem(data)
}

func parseConstraintSystem(data []byte) (*constraintSystem, error) {
	if len(data) < len(magic) || string(data[:len(magic)]) != string(magic) {
		return nil, malformed(0, "not a constraint system of version 1")
	}
	r := &byteReader{data: data, at: len(magic)}
	public := r.varint()
	wires := r.varint()
	count := r.varint()
	if r.err != nil {
		return nil, r.err
	}
	// More wires than bytes cannot all stand in instructions; their number is what a translation allocates by.
	if public >= wires || wires > maxWires || wires > uint64(len(data)) {
		return nil, malformed(r.at, fmt.Sprintf("%d public wires of %d", public, wires))
	}
	if count > maxCoefficients || count*fr.Bytes > uint64(len(data)-r.at) {
		return nil, malformed(r.at, fmt.Sprintf("a table of %d coefficients", count))
	}
	s := &constraintSystem{public: int(public), wires: int(wires), digest: sha256.Sum256(data)}
	s.coefficients = make([]fr.Element, count)
	seen := make(map[fr.Element]struct{}, count)
	for i := range s.coefficients {
		c := &s.coefficients[i]
		if err := c.SetBytesCanonical(r.take(fr.Bytes)); err != nil {
			return nil, malformed(r.at, "a coefficient is not below r")
		}
		if c.IsZero() {
			return nil, malformed(r.at, "a coefficient is zero")
		}
		if _, repeated := seen[*c]; repeated {
			return nil, malformed(r.at, "a coefficient is repeated")
		}
		seen[*c] = struct{}{}
	}
	instructions := r.varint()
	if r.err != nil {
		return nil, r.err
	}
	if instructions > uint64(len(data)-r.at) {
		return nil, malformed(r.at, fmt.Sprintf("%d instructions", instructions))
	}
	s.instructions = int(instructions)
	s.body = data[r.at:]
	return s, nil
}

// walk hands every instruction to the visitor and refuses whatever the format does not allow.
func (s *constraintSystem) walk(visitor instructionVisitor) error {
	r := &byteReader{data: s.body}
	e := &expressionReader{byteReader: r, wires: uint64(s.wires), coefficients: uint64(len(s.coefficients))}
	var products []product
	for i := 0; i < s.instructions; i++ {
		e.terms = e.terms[:0]
		var err error
		switch opcode := r.byte(); {
		case r.err != nil:
		case opcode == opZero:
			n := r.varint()
			if n > maxProducts {
				return malformed(r.at, fmt.Sprintf("%d products", n))
			}
			spans := make([]span, 0, 2*n+1)
			for k := uint64(0); k < 2*n+1 && r.err == nil; k++ {
				spans = append(spans, e.expression())
			}
			if r.err == nil {
				products = products[:0]
				for k := uint64(0); k < n; k++ {
					products = append(products, product{e.at(spans[2*k]), e.at(spans[2*k+1])})
				}
				err = visitor.zero(products, e.at(spans[2*n]))
			}
		case opcode == opRange:
			width := r.varint()
			if width < 1 || width > maxRangeBits {
				return malformed(r.at, fmt.Sprintf("a range of %d bits", width))
			}
			value := e.expression()
			if r.err == nil {
				err = visitor.inRange(int(width), e.at(value))
			}
		case opcode == opPermute:
			var inputs [4]span
			for k := range inputs {
				inputs[k] = e.expression()
			}
			output := r.varint()
			if r.err != nil {
				break
			}
			if output < 1 || output+4 > uint64(s.wires) {
				return malformed(r.at, fmt.Sprintf("permutation outputs from wire %d", output))
			}
			err = visitor.permute(
				[4]linear{e.at(inputs[0]), e.at(inputs[1]), e.at(inputs[2]), e.at(inputs[3])}, uint32(output))
		default:
			return malformed(r.at, fmt.Sprintf("opcode %d", opcode))
		}
		if r.err != nil {
			return r.err
		}
		if err != nil {
			return fmt.Errorf("instruction %d: %w", i, err)
		}
	}
	if r.at != len(r.data) {
		return malformed(r.at, "bytes after the last instruction")
	}
	return nil
}

type span struct{ from, to int }

// expressionReader collects the terms of one instruction in one buffer that all instructions share.
type expressionReader struct {
	*byteReader
	wires, coefficients uint64
	terms               linear
}

func (e *expressionReader) at(s span) linear { return e.terms[s.from:s.to] }

func (e *expressionReader) expression() span {
	from := len(e.terms)
	count := e.varint()
	if e.err == nil && count > maxTerms {
		e.err = malformed(e.byteReader.at, fmt.Sprintf("an expression of %d terms", count))
	}
	wire := uint64(0)
	for i := uint64(0); i < count && e.err == nil; i++ {
		step := e.varint()
		coefficient := e.varint()
		if e.err != nil {
			break
		}
		if i > 0 && step == 0 {
			e.err = malformed(e.byteReader.at, "wires of an expression do not ascend")
			break
		}
		wire += step
		if wire >= e.wires || coefficient >= e.coefficients {
			e.err = malformed(e.byteReader.at, "a term names a wire or a coefficient that does not exist")
			break
		}
		e.terms = append(e.terms, linearTerm{uint32(wire), uint32(coefficient)})
	}
	return span{from, len(e.terms)}
}

// byteReader reads forward and keeps the first error; after one, it returns zeros.
type byteReader struct {
	data []byte
	at   int
	err  error
}

var errTruncated = errors.New("the file ends too early")

func (r *byteReader) byte() byte {
	if r.err != nil {
		return 0
	}
	if r.at >= len(r.data) {
		r.err = malformed(r.at, errTruncated.Error())
		return 0
	}
	r.at++
	return r.data[r.at-1]
}

func (r *byteReader) take(n int) []byte {
	r.at += n
	return r.data[r.at-n : r.at]
}

// varint reads unsigned LEB128 below 2^32 in its shortest form.
func (r *byteReader) varint() uint64 {
	value := uint64(0)
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		if r.err != nil {
			return 0
		}
		value |= uint64(b&0x7f) << shift
		if b&0x80 == 0 {
			if (b == 0 && shift > 0) || bits.Len64(value) > 32 {
				break
			}
			return value
		}
	}
	r.err = malformed(r.at, "a number is not in its shortest form below 2^32")
	return 0
}

func malformed(at int, what string) error {
	return &workerError{failed, fmt.Sprintf("malformed constraint system near byte %d: %s", at, what)}
}

// readBounded reads a whole regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &workerError{storage, err.Error()}
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, &workerError{failed, fmt.Sprintf("%s is not a file of at most %d bytes", path, limit)}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &workerError{storage, err.Error()}
	}
	return data, nil
}
