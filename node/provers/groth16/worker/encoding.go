package main

import (
	"fmt"

	curve "github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
)

// Points are encoded as EIP-197 has them: affine coordinates of 32 bytes, big-endian, in G2 the imaginary part first.
// A proof is A ‖ B ‖ C; a verifying key is α ‖ β ‖ γ ‖ δ ‖ K₀ ‖ K₁ ‖ …, one K for the constant and each public input.
const (
	g1Bytes         = 2 * fp.Bytes
	g2Bytes         = 4 * fp.Bytes
	proofBytes      = 2*g1Bytes + g2Bytes
	keyHeaderBytes  = g1Bytes + 3*g2Bytes
	maxPublicInputs = 1 << 18
)

func appendG1(to []byte, p *curve.G1Affine) []byte {
	x, y := p.X.Bytes(), p.Y.Bytes()
	return append(append(to, x[:]...), y[:]...)
}

func appendG2(to []byte, p *curve.G2Affine) []byte {
	for _, coordinate := range []*fp.Element{&p.X.A1, &p.X.A0, &p.Y.A1, &p.Y.A0} {
		bytes := coordinate.Bytes()
		to = append(to, bytes[:]...)
	}
	return to
}

func readG1(from []byte) (p curve.G1Affine, err error) {
	if p.X.SetBytesCanonical(from[:fp.Bytes]) != nil || p.Y.SetBytesCanonical(from[fp.Bytes:g1Bytes]) != nil ||
		p.IsInfinity() || !p.IsOnCurve() {
		return p, &workerError{failed, "a point of G1 is not in canonical form on the curve"}
	}
	return p, nil
}

func readG2(from []byte) (p curve.G2Affine, err error) {
	for i, coordinate := range []*fp.Element{&p.X.A1, &p.X.A0, &p.Y.A1, &p.Y.A0} {
		if coordinate.SetBytesCanonical(from[i*fp.Bytes:(i+1)*fp.Bytes]) != nil {
			return p, &workerError{failed, "a coordinate in G2 is not below the modulus"}
		}
	}
	if p.IsInfinity() || !p.IsInSubGroup() {
		return p, &workerError{failed, "a point of G2 is not in its subgroup"}
	}
	return p, nil
}

func encodeProof(proof *groth16.Proof) []byte {
	return appendG1(appendG2(appendG1(nil, &proof.Ar), &proof.Bs), &proof.Krs)
}

func decodeProof(data []byte) (*groth16.Proof, error) {
	if len(data) != proofBytes {
		return nil, &workerError{failed, fmt.Sprintf("a proof has %d bytes, not %d", proofBytes, len(data))}
	}
	proof := new(groth16.Proof)
	var err error
	if proof.Ar, err = readG1(data); err != nil {
		return nil, err
	}
	if proof.Bs, err = readG2(data[g1Bytes:]); err != nil {
		return nil, err
	}
	if proof.Krs, err = readG1(data[g1Bytes+g2Bytes:]); err != nil {
		return nil, err
	}
	return proof, nil
}

func encodeVerifyingKey(key *groth16.VerifyingKey) []byte {
	data := appendG1(nil, &key.G1.Alpha)
	for _, point := range []*curve.G2Affine{&key.G2.Beta, &key.G2.Gamma, &key.G2.Delta} {
		data = appendG2(data, point)
	}
	for i := range key.G1.K {
		data = appendG1(data, &key.G1.K[i])
	}
	return data
}

func decodeVerifyingKey(data []byte) (*groth16.VerifyingKey, error) {
	rest := len(data) - keyHeaderBytes
	if rest < g1Bytes || rest%g1Bytes != 0 || rest/g1Bytes > maxPublicInputs+1 {
		return nil, &workerError{failed, fmt.Sprintf("no verifying key has %d bytes", len(data))}
	}
	key := new(groth16.VerifyingKey)
	var err error
	if key.G1.Alpha, err = readG1(data); err != nil {
		return nil, err
	}
	for i, point := range []*curve.G2Affine{&key.G2.Beta, &key.G2.Gamma, &key.G2.Delta} {
		if *point, err = readG2(data[g1Bytes+i*g2Bytes:]); err != nil {
			return nil, err
		}
	}
	key.G1.K = make([]curve.G1Affine, rest/g1Bytes)
	for i := range key.G1.K {
		if key.G1.K[i], err = readG1(data[keyHeaderBytes+i*g1Bytes:]); err != nil {
			return nil, err
		}
	}
	if err := key.Precompute(); err != nil {
		return nil, &workerError{failed, err.Error()}
	}
	return key, nil
}

// decodePublicInputs reads canonical field elements of 32 bytes each.
func decodePublicInputs(data []byte) (fr.Vector, error) {
	if len(data)%fr.Bytes != 0 || len(data)/fr.Bytes > maxPublicInputs {
		return nil, &workerError{failed, fmt.Sprintf("no list of public inputs has %d bytes", len(data))}
	}
	inputs := make(fr.Vector, len(data)/fr.Bytes)
	for i := range inputs {
		if inputs[i].SetBytesCanonical(data[i*fr.Bytes:(i+1)*fr.Bytes]) != nil {
			return nil, &workerError{failed, fmt.Sprintf("public input %d is not below r", i)}
		}
	}
	return inputs, nil
}
