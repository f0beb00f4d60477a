package main

import (
	"math/big"
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// The Poseidon2 instance of protocol/poseidon2/README.md.
const (
	width         = 4
	fullRounds    = 8
	partialRounds = 56
)

// algebra is what the permutation computes in: field elements for a witness, linear expressions for constraints.
type algebra[T any] interface {
	add(a, b T) T
	scale(a T, factor *fr.Element) T
	addConstant(a T, constant *fr.Element) T
	// power5 is x⁵ by way of x² and x⁴, the only products of the permutation.
	power5(x T) T
}

type poseidon2Parameters struct {
	external [width][width]fr.Element
	diagonal [width]fr.Element // of the internal matrix, less one
	rounds   [][]fr.Element
}

var poseidon2 = sync.OnceValue(func() *poseidon2Parameters {
	p := &poseidon2Parameters{rounds: deriveRoundConstants()}
	for i, row := range [width][width]uint64{{5, 7, 1, 3}, {4, 6, 1, 1}, {1, 3, 5, 7}, {1, 1, 4, 6}} {
		for j, entry := range row {
			p.external[i][j].SetUint64(entry)
		}
	}
	for i, entry := range [width]string{
		"0x10dc6e9c006ea38b04b1e03b4bd9490c0d03f98929ca1d7fb56821fd19d3b6e7",
		"0x0c28145b6a44df3e0149b3d0a30b3bb599df9756d4dd9b84a86b38cfb45a740b",
		"0x00544b8338791518b2c7645a50392798b21f75bb60e3596170067d00141cac15",
		"0x222c01175718386f2e2e82eb122789e352e105a3b8fa852613bc534433ee428b",
	} {
		if _, err := p.diagonal[i].SetString(entry); err != nil {
			panic(err)
		}
	}
	return p
})

// permute applies the permutation in any algebra.
func permute[T any](a algebra[T], state [width]T) [width]T {
	p := poseidon2()
	state = multiplyExternal(a, p, state)
	for round, constants := range p.rounds {
		if len(constants) == 1 {
			state[0] = a.power5(a.addConstant(state[0], &constants[0]))
			state = multiplyInternal(a, p, state)
			continue
		}
		for i := range state {
			state[i] = a.power5(a.addConstant(state[i], &p.rounds[round][i]))
		}
		state = multiplyExternal(a, p, state)
	}
	return state
}

func multiplyExternal[T any](a algebra[T], p *poseidon2Parameters, state [width]T) (result [width]T) {
	for i := range result {
		result[i] = a.scale(state[0], &p.external[i][0])
		for j := 1; j < width; j++ {
			result[i] = a.add(result[i], a.scale(state[j], &p.external[i][j]))
		}
	}
	return result
}

func multiplyInternal[T any](a algebra[T], p *poseidon2Parameters, state [width]T) (result [width]T) {
	sum := a.add(a.add(state[0], state[1]), a.add(state[2], state[3]))
	for i := range result {
		result[i] = a.add(sum, a.scale(state[i], &p.diagonal[i]))
	}
	return result
}

// deriveRoundConstants draws the constants from the Grain generator: four for a full round, one for a partial round.
func deriveRoundConstants() [][]fr.Element {
	var register []byte
	seed := func(value uint64, count int) {
		for i := count - 1; i >= 0; i-- {
			register = append(register, byte(value>>i)&1)
		}
	}
	seed(1, 2)
	seed(0, 4)
	seed(fr.Bits, 12)
	seed(width, 12)
	seed(fullRounds, 10)
	seed(partialRounds, 10)
	seed(1<<30-1, 30)
	step := func() byte {
		bit := register[62] ^ register[51] ^ register[38] ^ register[23] ^ register[13] ^ register[0]
		register = append(register[1:], bit)
		return bit
	}
	for i := 0; i < 160; i++ {
		step()
	}
	bit := func() byte {
		for {
			keep, value := step(), step()
			if keep == 1 {
				return value
			}
		}
	}
	next := func() (element fr.Element) {
		for {
			candidate := new(big.Int)
			for i := 0; i < fr.Bits; i++ {
				candidate.Lsh(candidate, 1).Or(candidate, big.NewInt(int64(bit())))
			}
			if candidate.Cmp(fr.Modulus()) < 0 {
				element.SetBigInt(candidate)
				return element
			}
		}
	}
	rounds := make([][]fr.Element, fullRounds+partialRounds)
	for i := range rounds {
		count := width
		if i >= fullRounds/2 && i < fullRounds/2+partialRounds {
			count = 1
		}
		rounds[i] = make([]fr.Element, count)
		for j := range rounds[i] {
			rounds[i][j] = next()
		}
	}
	return rounds
}
