package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// smallCircuit holds its one public wire below 16, and to be the square of wire 2. Its domain is small, since a ceremony
// takes a while.
func smallCircuit() []byte {
	b := &fileBuilder{public: 1, wires: 3}
	b.inRange(4, 1, 1)
	b.zero([]int64{2, 1}, []int64{2, 1}, []int64{1, -1})
	return b.bytes()
}

func smallWitness(root uint64) fr.Vector {
	return fr.Vector{fr.One(), fr.NewElement(root * root), fr.NewElement(root)}
}

// ceremony runs a whole ceremony for the small circuit, with two contributors a phase.
func ceremony(t *testing.T) transcript {
	t.Helper()
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	run := func(_ contributionFile, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	constraints := writeFile(t, "constraints", smallCircuit())
	facts, err := inspect(constraintsParams{constraints})
	if err != nil {
		t.Fatal(err)
	}
	run(startPowers(startParams{facts.Domain, at("p0")}))
	run(contribute(contributeParams{phasePowers, at("p0"), at("p1")}))
	run(contribute(contributeParams{phasePowers, at("p1"), at("p2")}))
	whole := transcript{
		Constraints: constraints, Powers: []string{at("p1"), at("p2")}, PowersBeacon: "01", CircuitBeacon: "02"}
	run(startCircuitPhase(advanceParams{whole, at("c0")}))
	run(contribute(contributeParams{phaseCircuit, at("c0"), at("c1")}))
	run(contribute(contributeParams{phaseCircuit, at("c1"), at("c2")}))
	whole.Circuit = []string{at("c1"), at("c2")}
	return whole
}

func TestCeremony(t *testing.T) {
	whole := ceremony(t)

	t.Run("its keys prove", func(t *testing.T) {
		folder := t.TempDir()
		p := finalizeParams{whole, filepath.Join(folder, "pk"), filepath.Join(folder, "vk")}
		result, err := finalize(p)
		if err != nil {
			t.Fatal(err)
		}
		if result.PowersContributors != 2 || result.CircuitContributors != 2 {
			t.Errorf("contributors: %+v", result.ceremonyFacts)
		}
		again, err := finalize(p)
		if err != nil || again.keyDigests != result.keyDigests {
			t.Errorf("the same transcript gave other keys: %v", err)
		}
		c, err := loadCircuit(whole.Constraints, p.ProvingKey, result.ProvingKey, p.VerifyingKey)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.prove(writeWitness(t, smallWitness(3))); err != nil {
			t.Error(err)
		}
	})

	t.Run("a contribution left out is noticed", func(t *testing.T) {
		for name, partial := range map[string]transcript{
			"first of the powers":  {whole.Constraints, whole.Powers[1:], "01", nil, ""},
			"first of the circuit": {whole.Constraints, whole.Powers, "01", whole.Circuit[1:], "02"},
			"last of the powers":   {whole.Constraints, whole.Powers[:1], "01", whole.Circuit, "02"},
			"another beacon":       {whole.Constraints, whole.Powers, "03", whole.Circuit, "02"},
		} {
			if _, err := checkTranscript(partial); err == nil || !strings.Contains(err.Error(), "false") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})

	t.Run("every state on the way checks", func(t *testing.T) {
		for name, partial := range map[string]transcript{
			"nobody yet":      {whole.Constraints, nil, "", nil, ""},
			"powers open":     {whole.Constraints, whole.Powers, "", nil, ""},
			"powers sealed":   {whole.Constraints, whole.Powers, "01", nil, ""},
			"circuit open":    {whole.Constraints, whole.Powers, "01", whole.Circuit[:1], ""},
			"both phases end": whole,
		} {
			facts, err := checkTranscript(partial)
			if err != nil || facts != partial.facts() {
				t.Errorf("%s: %+v %v", name, facts, err)
			}
		}
	})

	t.Run("a ceremony without contributors has no keys", func(t *testing.T) {
		empty := transcript{whole.Constraints, nil, "01", nil, "02"}
		if _, err := finalize(finalizeParams{empty, "pk", "vk"}); !isRefusal(err) {
			t.Errorf("%v", err)
		}
	})

	t.Run("changed and cut files are refused", func(t *testing.T) {
		for _, list := range []*[]string{&whole.Powers, &whole.Circuit} {
			original := (*list)[1]
			data, err := os.ReadFile(original)
			if err != nil {
				t.Fatal(err)
			}
			changes := map[string][]byte{"cut": data[:len(data)-1], "longer": append(append([]byte(nil), data...), 0), "empty": {}}
			for _, at := range []int{40, 300, len(data) / 2, len(data) - 2} {
				changed := append([]byte(nil), data...)
				changed[at] ^= 1
				changes["byte "+string(rune('0'+at%10))] = changed
			}
			for name, changed := range changes {
				(*list)[1] = writeFile(t, "contribution", changed)
				if _, err := checkTranscript(whole); !isRefusal(err) {
					t.Errorf("%s: %v", name, err)
				}
			}
			(*list)[1] = original
		}
	})
}
