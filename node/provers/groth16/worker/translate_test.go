package main

import (
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// The vectors of protocol/poseidon2/README.md.
func TestPermutationAgreesWithTheSpecification(t *testing.T) {
	largest := element(t, "-1")
	for _, vector := range []struct {
		input  [4]fr.Element
		output [4]string
	}{
		{[4]fr.Element{fr.NewElement(0), fr.NewElement(1), fr.NewElement(2), fr.NewElement(3)}, [4]string{
			"0x1bd538c2ee014ed5141b29e9ae240bf8db3fe5b9a38629a9647cf8d76c01737",
			"0x239b62e7db98aa3a2a8f6a0d2fa1709e7a35959aa6c7034814d9daa90cbac662",
			"0x4cbb44c61d928ed06808456bf758cbf0c18d1e15a7b6dbc8245fa7515d5e3cb",
			"0x2e11c5cff2a22c64d01304b778d78f6998eff1ab73163a35603f54794c30847a"}},
		{[4]fr.Element{largest, largest, largest, largest}, [4]string{
			"0x1b18e6ca21a1e9b15d65f0b5861ede5ff20db8fa3722531823d0c817d69d945d",
			"0xafb50ea6867b1cb2d9d1eac935af746bc7a780e181a1e6ae9b768c9cba68878",
			"0xa521a22ca614e65b877d0676652fb60e90a11b462f9846a08e811d95272a9d8",
			"0x2369f077784e0aea99ee3dc6b7b01612af7f80d7f08b755f9f116e2885ee367f"}},
	} {
		state := nativePermutation(vector.input)
		for i := range state {
			if state[i] != element(t, vector.output[i]) {
				t.Errorf("element %d of the permutation is %s", i, state[i].Text(16))
			}
		}
	}
}

// solve extends a witness, lets `corrupt` change the complete assignment, and asks gnark whether it satisfies the R1CS.
func solve(t *testing.T, file []byte, values fr.Vector, corrupt func(fr.Vector)) error {
	t.Helper()
	source, err := parseConstraintSystem(file)
	if err != nil {
		t.Fatal(err)
	}
	r1cs, err := translate(source)
	if err != nil {
		t.Fatal(err)
	}
	assigned, err := readWitness(writeWitness(t, values), source)
	if err != nil {
		return err
	}
	if expected := r1cs.GetNbSecretVariables() + r1cs.GetNbPublicVariables() - 1; len(assigned.values) != expected {
		t.Fatalf("the witness has %d values, the circuit %d wires", len(assigned.values), expected)
	}
	if corrupt != nil {
		corrupt(assigned.values)
	}
	_, err = r1cs.Solve(assigned)
	return err
}

func TestHonestWitnessesSatisfyTheTranslation(t *testing.T) {
	for _, x := range []uint64{0, 1, 127, 255} {
		for _, y := range []uint64{0, 1} {
			if err := solve(t, sampleCircuit(), sampleWitness(x, y), nil); err != nil {
				t.Errorf("x = %d, y = %d: %v", x, y, err)
			}
		}
	}
}

func TestConstraintCountsAreTheFormats(t *testing.T) {
	source, err := parseConstraintSystem(sampleCircuit())
	if err != nil {
		t.Fatal(err)
	}
	r1cs, err := translate(source)
	if err != nil {
		t.Fatal(err)
	}
	if expected := 1 + 2 + 8 + 1 + 250 + 1 + 268; r1cs.GetNbConstraints() != expected {
		t.Errorf("%d constraints, expected %d", r1cs.GetNbConstraints(), expected)
	}
}

func TestEveryWireOfTheWitnessIsHeld(t *testing.T) {
	honest := sampleWitness(200, 1)
	for wire := 1; wire < len(honest); wire++ {
		wrong := append(fr.Vector(nil), honest...)
		one := fr.One()
		wrong[wire].Add(&wrong[wire], &one)
		if solve(t, sampleCircuit(), wrong, nil) == nil {
			t.Errorf("a witness with wire %d off by one was accepted", wire)
		}
	}
}

func TestEveryAuxiliaryWireIsHeld(t *testing.T) {
	honest := sampleWitness(200, 1)
	source, _ := parseConstraintSystem(sampleCircuit())
	r1cs, err := translate(source)
	if err != nil {
		t.Fatal(err)
	}
	total := r1cs.GetNbSecretVariables() + r1cs.GetNbPublicVariables() - 1
	for index := source.wires - 1; index < total; index++ {
		err := solve(t, sampleCircuit(), honest, func(values fr.Vector) {
			one := fr.One()
			values[index].Add(&values[index], &one)
		})
		if err == nil {
			t.Errorf("auxiliary wire %d can be changed", index)
		}
	}
}

// A prover that makes the bits itself: no bits, boolean or not, may stand for a value outside the range.
func TestRangeRefusesAliasedDecompositions(t *testing.T) {
	b := &fileBuilder{public: 1, wires: 2}
	b.inRange(4, 1, 1)
	for name, c := range map[string]struct {
		value fr.Element
		bits  [3]fr.Element
	}{
		"16":                         {fr.NewElement(16), [3]fr.Element{}},
		"16 by a bit of two":         {fr.NewElement(16), [3]fr.Element{{}, {}, fr.NewElement(2)}},
		"minus one, all bits set":    {element(t, "-1"), [3]fr.Element{fr.One(), fr.One(), fr.One()}},
		"minus one by a negative":    {element(t, "-1"), [3]fr.Element{element(t, "-1"), {}, {}}},
		"half the field":             {element(t, "10944121435919637611123202872628637544274182200208017171849102093287904247809"), [3]fr.Element{}},
		"24 as 16 and the top twice": {fr.NewElement(24), [3]fr.Element{}},
	} {
		err := solve(t, b.bytes(), fr.Vector{fr.One(), fr.NewElement(0)}, func(values fr.Vector) {
			values[0] = c.value
			copy(values[1:], c.bits[:])
		})
		if err == nil {
			t.Errorf("%s was accepted as below 16", name)
		}
	}
}

func TestRangeRefusesBeforeProving(t *testing.T) {
	if err := solve(t, sampleCircuit(), sampleWitness(256, 1), nil); !isRefusal(err) {
		t.Errorf("256 below 2^8: %v", err)
	}
}

func TestWitnessEncoding(t *testing.T) {
	source, _ := parseConstraintSystem(sampleCircuit())
	honest := sampleWitness(1, 1)
	unreduced := make([]byte, len(honest)*fr.Bytes)
	for i := range honest {
		bytes := honest[i].Bytes()
		copy(unreduced[i*fr.Bytes:], bytes[:])
	}
	fr.Modulus().FillBytes(unreduced[4*fr.Bytes : 5*fr.Bytes])
	notOne := append(fr.Vector(nil), honest...)
	notOne[0] = fr.NewElement(2)
	for name, path := range map[string]string{
		"short":         writeWitness(t, honest[:8]),
		"long":          writeWitness(t, append(append(fr.Vector(nil), honest...), fr.One())),
		"not reduced":   writeFile(t, "witness", unreduced),
		"constant wire": writeWitness(t, notOne),
	} {
		if _, err := readWitness(path, source); !isRefusal(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
