package main

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/constraint"
	cs "github.com/consensys/gnark/constraint/bn254"
)

// Bounds on what a translation may grow to, whatever the file says.
const (
	maxConstraints     = 1 << 24
	maxConstraintTerms = 1 << 28
)

// translation is the R1CS of a constraint system. Wires keep their numbers; auxiliary wires follow them in the order in
// which `extender` computes their values, so that the witness is complete and the solver only checks.
type translation struct {
	r1cs      *cs.R1CS
	blueprint constraint.BlueprintID
	table     []uint32 // gnark's coefficient index for each of the file's
	source    *constraintSystem
	next      uint32 // the next auxiliary wire
	terms     int
}

func translate(source *constraintSystem) (*cs.R1CS, error) {
	t := &translation{r1cs: cs.NewR1CS(source.instructions), source: source, next: uint32(source.wires)}
	t.blueprint = t.r1cs.AddBlueprint(&constraint.BlueprintGenericR1C{})
	for i := 0; i <= source.public; i++ {
		t.r1cs.AddPublicVariable("")
	}
	for i := source.public + 1; i < source.wires; i++ {
		t.r1cs.AddSecretVariable("")
	}
	t.table = make([]uint32, len(source.coefficients))
	for i := range source.coefficients {
		t.table[i] = t.coefficient(&source.coefficients[i])
	}
	// A circuit that does not use the constant would have a key with a point at infinity for it.
	if err := t.constrain(t.one(), t.one(), t.one()); err != nil {
		return nil, err
	}
	if err := source.walk(t); err != nil {
		return nil, err
	}
	return t.r1cs, nil
}

func (t *translation) zero(products []product, rest linear) error {
	if len(products) == 0 {
		return t.constrain(t.termsOfLinear(rest), t.one(), nil)
	}
	last := len(products) - 1
	sum := t.expression(rest)
	for _, p := range products[:last] {
		wire := t.auxiliary()
		if err := t.constrain(t.termsOfLinear(p.a), t.termsOfLinear(p.b), t.termsOf(wireExpression(wire))); err != nil {
			return err
		}
		// Auxiliary wires ascend and come after all others.
		sum = append(sum, wireExpression(wire)...)
	}
	minusOne := fr.NewElement(1)
	minusOne.Neg(&minusOne)
	return t.constrain(t.termsOfLinear(products[last].a), t.termsOfLinear(products[last].b),
		t.termsOf(scaleExpression(sum, &minusOne)))
}

// inRange holds all bits but the highest as wires that are 0 or 1; what then remains of the value must be 0 or 2^(bits−1).
func (t *translation) inRange(bits int, value linear) error {
	remainder := t.expression(value)
	weights := powersOfTwo(bits)
	for i := 0; i < bits-1; i++ {
		bit := wireExpression(t.auxiliary())
		if err := t.constrain(t.termsOf(bit), t.termsOf(bit), t.termsOf(bit)); err != nil {
			return err
		}
		var weight fr.Element
		weight.Neg(&weights[i])
		remainder = append(remainder, weightedWire{bit[0].wire, weight})
	}
	var highest fr.Element
	highest.Neg(&weights[bits-1])
	lessHighest := addExpressions(remainder, expression{{wire: 0, factor: highest}})
	return t.constrain(t.termsOf(remainder), t.termsOf(lessHighest), nil)
}

func (t *translation) permute(inputs [4]linear, output uint32) error {
	a := &expressionAlgebra{t: t}
	state := permute(a, [4]expression{
		t.expression(inputs[0]), t.expression(inputs[1]), t.expression(inputs[2]), t.expression(inputs[3])})
	for i := range state {
		if a.err == nil {
			a.err = t.constrain(t.termsOf(state[i]), t.one(), t.termsOf(wireExpression(output+uint32(i))))
		}
	}
	return a.err
}

// expressionAlgebra computes in linear expressions; each product becomes a constraint and an auxiliary wire.
type expressionAlgebra struct {
	t   *translation
	err error
}

func (a *expressionAlgebra) add(x, y expression) expression { return addExpressions(x, y) }

func (a *expressionAlgebra) scale(x expression, factor *fr.Element) expression {
	return scaleExpression(x, factor)
}

func (a *expressionAlgebra) addConstant(x expression, constant *fr.Element) expression {
	return addExpressions(expression{{wire: 0, factor: *constant}}, x)
}

func (a *expressionAlgebra) power5(x expression) expression {
	square := a.product(x, x)
	return a.product(a.product(square, square), x)
}

func (a *expressionAlgebra) product(x, y expression) expression {
	result := wireExpression(a.t.auxiliary())
	if a.err == nil {
		a.err = a.t.constrain(a.t.termsOf(x), a.t.termsOf(y), a.t.termsOf(result))
	}
	return result
}

// constrain adds a · b = c.
func (t *translation) constrain(a, b, c constraint.LinearExpression) error {
	t.terms += len(a) + len(b) + len(c)
	if t.r1cs.GetNbConstraints() >= maxConstraints || t.terms > maxConstraintTerms {
		return &workerError{failed, fmt.Sprintf(
			"the circuit has more than %d constraints or %d terms", maxConstraints, maxConstraintTerms)}
	}
	t.r1cs.AddR1C(constraint.R1C{L: a, R: b, O: c}, t.blueprint)
	return nil
}

func (t *translation) auxiliary() uint32 {
	t.r1cs.AddSecretVariable("")
	t.next++
	return t.next - 1
}

func (t *translation) coefficient(value *fr.Element) uint32 {
	return t.r1cs.AddCoeff(constraint.U64{value[0], value[1], value[2], value[3]})
}

func (t *translation) one() constraint.LinearExpression {
	return constraint.LinearExpression{{VID: 0, CID: constraint.CoeffIdOne}}
}

func (t *translation) termsOfLinear(l linear) constraint.LinearExpression {
	terms := make(constraint.LinearExpression, len(l))
	for i, term := range l {
		terms[i] = constraint.Term{VID: term.wire, CID: t.table[term.coefficient]}
	}
	return terms
}

func (t *translation) termsOf(e expression) constraint.LinearExpression {
	terms := make(constraint.LinearExpression, len(e))
	for i := range e {
		terms[i] = constraint.Term{VID: e[i].wire, CID: t.coefficient(&e[i].factor)}
	}
	return terms
}

// expression resolves the coefficients of an expression of the file.
func (t *translation) expression(l linear) expression {
	e := make(expression, len(l))
	for i, term := range l {
		e[i] = weightedWire{term.wire, t.source.coefficients[term.coefficient]}
	}
	return e
}

func powersOfTwo(count int) []fr.Element {
	powers := make([]fr.Element, count)
	for i := range powers {
		if i == 0 {
			powers[i].SetOne()
		} else {
			powers[i].Double(&powers[i-1])
		}
	}
	return powers
}
