package main

import "github.com/consensys/gnark-crypto/ecc/bn254/fr"

type weightedWire struct {
	wire   uint32
	factor fr.Element
}

// expression is a sum of wires with factors, in ascending order of the wires, none of them with factor zero.
type expression []weightedWire

func wireExpression(wire uint32) expression {
	return expression{{wire: wire, factor: fr.One()}}
}

func addExpressions(a, b expression) expression {
	sum := make(expression, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].wire < b[0].wire:
			sum, a = append(sum, a[0]), a[1:]
		case a[0].wire > b[0].wire:
			sum, b = append(sum, b[0]), b[1:]
		default:
			term := a[0]
			if !term.factor.Add(&term.factor, &b[0].factor).IsZero() {
				sum = append(sum, term)
			}
			a, b = a[1:], b[1:]
		}
	}
	return append(append(sum, a...), b...)
}

// scaleExpression multiplies by a factor that is not zero.
func scaleExpression(a expression, factor *fr.Element) expression {
	scaled := make(expression, len(a))
	for i := range a {
		scaled[i].wire = a[i].wire
		scaled[i].factor.Mul(&a[i].factor, factor)
	}
	return scaled
}
