package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/consensys/gnark-crypto/ecc"
	curve "github.com/consensys/gnark-crypto/ecc/bn254"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"
	cs "github.com/consensys/gnark/constraint/bn254"
)

// A ceremony has two phases, each a chain of contributions. `powers` is the same for every circuit of one domain;
// `circuit` starts from the sealed powers. The keys are sound as long as one contributor of each phase forgot what it drew.
const (
	phasePowers  = "powers"
	phaseCircuit = "circuit"

	maxDomain       = 1 << 24
	maxBeaconBytes  = 1 << 10
	maxContributors = 1 << 10
)

// Sizes of an encoded contribution, compressed points.
const (
	g1Compressed     = curve.SizeOfG1AffineCompressed
	g2Compressed     = curve.SizeOfG2AffineCompressed
	updateProofBytes = g1Compressed + g2Compressed
	challengeBytes   = sha256.Size
)

type startParams struct {
	Domain uint64 `json:"domain"`
	Out    string `json:"out"`
}

type contributionFile struct {
	Digest string `json:"digest"`
}

func startPowers(p startParams) (contributionFile, error) {
	if err := checkDomain(p.Domain); err != nil {
		return contributionFile{}, err
	}
	return writeContribution(p.Out, mpcsetup.NewPhase1(p.Domain))
}

type contributeParams struct {
	Phase string `json:"phase"`
	In    string `json:"in"`
	Out   string `json:"out"`
}

// contribute adds randomness of this machine to the last contribution and forgets it.
func contribute(p contributeParams) (contributionFile, error) {
	switch p.Phase {
	case phasePowers:
		powers, err := readPowers(p.In, 0)
		if err != nil {
			return contributionFile{}, err
		}
		powers.Contribute()
		return writeContribution(p.Out, powers)
	case phaseCircuit:
		phase, err := readCircuitPhase(p.In)
		if err != nil {
			return contributionFile{}, err
		}
		phase.Contribute()
		return writeContribution(p.Out, phase)
	}
	return contributionFile{}, &workerError{usage, fmt.Sprintf("unknown phase %q", p.Phase)}
}

// transcript names all that keys of a ceremony follow from. Contributions are in order, without the initial ones; the
// beacons are public randomness of a moment after the last contribution of the phase, in hexadecimal.
type transcript struct {
	Constraints   string   `json:"constraints"`
	Powers        []string `json:"powers"`
	PowersBeacon  string   `json:"powersBeacon"`
	Circuit       []string `json:"circuit"`
	CircuitBeacon string   `json:"circuitBeacon"`
}

type advanceParams struct {
	transcript
	Out string `json:"out"`
}

// startCircuitPhase verifies and seals the powers and writes the initial state of the second phase.
func startCircuitPhase(p advanceParams) (contributionFile, error) {
	r1cs, commons, err := p.sealedPowers()
	if err != nil {
		return contributionFile{}, err
	}
	phase := new(mpcsetup.Phase2)
	phase.Initialize(r1cs, &commons)
	return writeContribution(p.Out, phase)
}

// checkTranscript verifies every contribution so far and says how many there are.
func checkTranscript(p transcript) (ceremonyFacts, error) {
	if len(p.Circuit) == 0 {
		r1cs, err := p.r1cs()
		if err != nil {
			return ceremonyFacts{}, err
		}
		_, err = p.verifiedPowers(domainOf(r1cs), nil)
		return p.facts(), err
	}
	_, err := p.verifiedCircuit()
	return p.facts(), err
}

type finalizeParams struct {
	transcript
	ProvingKey   string `json:"provingKey"`
	VerifyingKey string `json:"verifyingKey"`
}

type ceremonyFacts struct {
	PowersContributors  int `json:"powersContributors"`
	CircuitContributors int `json:"circuitContributors"`
}

type finalizeResult struct {
	keyDigests
	ceremonyFacts
}

// finalize verifies the whole transcript and writes the keys that follow from it; anyone gets the same keys.
func finalize(p finalizeParams) (finalizeResult, error) {
	if len(p.Powers) == 0 || len(p.Circuit) == 0 {
		return finalizeResult{}, &workerError{usage, "a ceremony needs a contribution to each phase"}
	}
	provingKey, verifyingKey, err := p.keys()
	if err != nil {
		return finalizeResult{}, err
	}
	digests, err := writeKeys(provingKey, verifyingKey, p.ProvingKey, p.VerifyingKey)
	return finalizeResult{digests, p.facts()}, err
}

func (t *transcript) facts() ceremonyFacts { return ceremonyFacts{len(t.Powers), len(t.Circuit)} }

func (t *transcript) r1cs() (*cs.R1CS, error) {
	if len(t.Powers) > maxContributors || len(t.Circuit) > maxContributors {
		return nil, &workerError{usage, fmt.Sprintf("a phase has more than %d contributions", maxContributors)}
	}
	source, err := readConstraintSystem(t.Constraints)
	if err != nil {
		return nil, err
	}
	return translate(source)
}

// verifiedPowers checks the chain one contribution at a time, so that two are in memory at most, and seals the last
// with the beacon.
func (t *transcript) verifiedPowers(domain uint64, beacon []byte) (commons mpcsetup.SrsCommons, err error) {
	if err := checkDomain(domain); err != nil {
		return commons, err
	}
	last := mpcsetup.NewPhase1(domain)
	for i, path := range t.Powers {
		next, err := readPowers(path, domain)
		if err != nil {
			return commons, err
		}
		if len(next.Challenge) == 0 {
			return commons, falseContribution(phasePowers, i, "it does not name its predecessor")
		}
		if err := last.Verify(next); err != nil {
			return commons, falseContribution(phasePowers, i, err.Error())
		}
		last = next
	}
	return last.Seal(beacon), nil
}

func (t *transcript) sealedPowers() (*cs.R1CS, mpcsetup.SrsCommons, error) {
	r1cs, err := t.r1cs()
	if err != nil {
		return nil, mpcsetup.SrsCommons{}, err
	}
	if len(t.Powers) == 0 {
		return nil, mpcsetup.SrsCommons{}, &workerError{usage, "nobody has contributed to the powers"}
	}
	beacon, err := decodeBeacon(t.PowersBeacon)
	if err != nil {
		return nil, mpcsetup.SrsCommons{}, err
	}
	commons, err := t.verifiedPowers(domainOf(r1cs), beacon)
	return r1cs, commons, err
}

// verifiedPhases is what the keys follow from, but for the second phase's beacon.
type verifiedPhases struct {
	commons     mpcsetup.SrsCommons
	evaluations mpcsetup.Phase2Evaluations
	last        *mpcsetup.Phase2
}

// verifiedCircuit checks both phases.
func (t *transcript) verifiedCircuit() (*verifiedPhases, error) {
	r1cs, commons, err := t.sealedPowers()
	if err != nil {
		return nil, err
	}
	last := new(mpcsetup.Phase2)
	evaluations := last.Initialize(r1cs, &commons)
	for i, path := range t.Circuit {
		next, err := readCircuitPhase(path)
		if err != nil {
			return nil, err
		}
		if len(next.Challenge) == 0 {
			return nil, falseContribution(phaseCircuit, i, "it does not name its predecessor")
		}
		if err := last.Verify(next); err != nil {
			return nil, falseContribution(phaseCircuit, i, err.Error())
		}
		last = next
	}
	return &verifiedPhases{commons, evaluations, last}, nil
}

// keys verifies everything and derives the keys.
func (t *transcript) keys() (*groth16.ProvingKey, *groth16.VerifyingKey, error) {
	beacon, err := decodeBeacon(t.CircuitBeacon)
	if err != nil {
		return nil, nil, err
	}
	phases, err := t.verifiedCircuit()
	if err != nil {
		return nil, nil, err
	}
	provingKey, verifyingKey := phases.last.Seal(&phases.commons, &phases.evaluations, beacon)
	return provingKey.(*groth16.ProvingKey), verifyingKey.(*groth16.VerifyingKey), nil
}

func falseContribution(phase string, index int, why string) error {
	return &workerError{failed, fmt.Sprintf("contribution %d to the %s is false: %s", index+1, phase, why)}
}

func domainOf(r1cs *cs.R1CS) uint64 { return ecc.NextPowerOfTwo(uint64(r1cs.GetNbConstraints())) }

func checkDomain(domain uint64) error {
	if domain < 2 || domain > maxDomain || ecc.NextPowerOfTwo(domain) != domain {
		return &workerError{usage, fmt.Sprintf("a domain of %d: expected a power of two up to %d", domain, maxDomain)}
	}
	return nil
}

func decodeBeacon(text string) ([]byte, error) {
	beacon, err := hex.DecodeString(text)
	if err != nil || len(beacon) == 0 || len(beacon) > maxBeaconBytes {
		return nil, &workerError{usage, fmt.Sprintf("a beacon is 1 to %d bytes in hexadecimal", maxBeaconBytes)}
	}
	return beacon, nil
}

func writeContribution(path string, contribution io.WriterTo) (contributionFile, error) {
	digest, err := writeHashed(path, func(w io.Writer) error {
		_, err := contribution.WriteTo(w)
		return err
	})
	return contributionFile{digest}, err
}

// readPowers reads a contribution to the first phase, of the given domain (0: any). gnark allocates what the lengths in
// the file say, so they are held against the file's size first.
func readPowers(path string, domain uint64) (*mpcsetup.Phase1, error) {
	file, size, err := openContribution(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var field [8]byte
	if _, err := file.ReadAt(field[:], 3*updateProofBytes); err != nil {
		return nil, malformedContribution(path)
	}
	stated := binary.BigEndian.Uint64(field[:])
	if checkDomain(stated) != nil || (domain != 0 && stated != domain) || !isSize(size, powersBytes(int64(stated))) {
		return nil, malformedContribution(path)
	}
	powers := new(mpcsetup.Phase1)
	return powers, readContribution(path, file, powers)
}

// powersBytes is the size of a contribution without its challenge: three proofs, N, then the powers past the generators.
func powersBytes(n int64) int64 {
	return 3*updateProofBytes + 8 + (2*n-2+n+n)*g1Compressed + (n-1+1)*g2Compressed + 1
}

func readCircuitPhase(path string) (*mpcsetup.Phase2, error) {
	file, size, err := openContribution(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	// The number of commitments (none here), [δ]₁, then two lists of points of G1, each after its length.
	at := int64(2 + g1Compressed)
	var lists [2]int64
	for i := range lists {
		var field [4]byte
		if _, err := file.ReadAt(field[:], at); err != nil {
			return nil, malformedContribution(path)
		}
		lists[i] = int64(binary.BigEndian.Uint32(field[:])) * g1Compressed
		at += 4 + lists[i]
		if at > size {
			return nil, malformedContribution(path)
		}
	}
	var commitments [2]byte
	if _, err := file.ReadAt(commitments[:], 0); err != nil || commitments != [2]byte{} ||
		!isSize(size, at+g2Compressed+updateProofBytes+1) {
		return nil, malformedContribution(path)
	}
	phase := new(mpcsetup.Phase2)
	return phase, readContribution(path, file, phase)
}

// isSize tells whether a file has the size of an initial state or of a contribution, which names its predecessor.
func isSize(size, initial int64) bool { return size == initial || size == initial+challengeBytes }

func openContribution(path string) (*os.File, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, &workerError{storage, err.Error()}
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, 0, &workerError{storage, err.Error()}
	}
	return file, info.Size(), nil
}

// readContribution reads all of the file; gnark checks that points are in their subgroups.
func readContribution(path string, file *os.File, contribution io.ReaderFrom) error {
	buffered := bufio.NewReaderSize(file, 1<<20)
	if _, err := contribution.ReadFrom(buffered); err != nil {
		return &workerError{failed, fmt.Sprintf("%s: %v", path, err)}
	}
	if _, err := buffered.ReadByte(); err != io.EOF {
		return malformedContribution(path)
	}
	return nil
}

func malformedContribution(path string) error {
	return &workerError{failed, path + " is not a contribution of the expected phase and size"}
}
