package main

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/backend/witness"
)

// assignment is a complete witness: the values of all wires but the constant one, auxiliary wires last.
// Groth16's prover asks a witness for nothing but its vector.
type assignment struct {
	witness.Witness
	values fr.Vector
}

func (a *assignment) Vector() any { return a.values }

// extender computes the auxiliary wires of `translation`, in its order.
type extender struct {
	source *constraintSystem
	values fr.Vector // of all wires, the constant one included
}

// readWitness reads the values of the system's wires and extends them by the auxiliary ones.
func readWitness(path string, source *constraintSystem) (*assignment, error) {
	size := int64(source.wires) * fr.Bytes
	data, err := readBounded(path, size)
	if err != nil {
		return nil, err
	}
	if int64(len(data)) != size {
		return nil, &workerError{failed, fmt.Sprintf("the witness has %d bytes, not %d", len(data), size)}
	}
	e := &extender{source: source, values: make(fr.Vector, source.wires, 2*source.wires)}
	for i := range e.values {
		if err := e.values[i].SetBytesCanonical(data[i*fr.Bytes : (i+1)*fr.Bytes]); err != nil {
			return nil, &workerError{failed, fmt.Sprintf("the value of wire %d is not below r", i)}
		}
	}
	if !e.values[0].IsOne() {
		return nil, &workerError{failed, "the constant wire is not one"}
	}
	if err := source.walk(e); err != nil {
		return nil, err
	}
	return &assignment{values: e.values[1:]}, nil
}

func (e *extender) value(l linear) (sum fr.Element) {
	var term fr.Element
	for _, t := range l {
		sum.Add(&sum, term.Mul(&e.values[t.wire], &e.source.coefficients[t.coefficient]))
	}
	return sum
}

func (e *extender) zero(products []product, _ linear) error {
	for i := 0; i < len(products)-1; i++ {
		a, b := e.value(products[i].a), e.value(products[i].b)
		e.values = append(e.values, *a.Mul(&a, &b))
	}
	return nil
}

func (e *extender) inRange(bits int, l linear) error {
	value := e.value(l)
	limbs := value.Bits()
	for i := bits; i < 64*len(limbs); i++ {
		if limbs[i/64]>>(i%64)&1 == 1 {
			return &workerError{failed, fmt.Sprintf("the value %s does not fit %d bits", value.String(), bits)}
		}
	}
	for i := 0; i < bits-1; i++ {
		e.values = append(e.values, fr.NewElement(limbs[i/64]>>(i%64)&1))
	}
	return nil
}

func (e *extender) permute(inputs [4]linear, _ uint32) error {
	permute(e, [4]fr.Element{e.value(inputs[0]), e.value(inputs[1]), e.value(inputs[2]), e.value(inputs[3])})
	return nil
}

func (e *extender) add(a, b fr.Element) fr.Element { return *a.Add(&a, &b) }

func (e *extender) scale(a fr.Element, factor *fr.Element) fr.Element { return *a.Mul(&a, factor) }

func (e *extender) addConstant(a fr.Element, constant *fr.Element) fr.Element {
	return *a.Add(&a, constant)
}

func (e *extender) power5(x fr.Element) fr.Element {
	var square, fourth, fifth fr.Element
	square.Square(&x)
	fourth.Square(&square)
	fifth.Mul(&fourth, &x)
	e.values = append(e.values, square, fourth, fifth)
	return fifth
}
