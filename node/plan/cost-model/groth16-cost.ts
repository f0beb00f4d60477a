import type { QuantisedModel } from '../../../protocol/arithmetic/model.ts';
import type { QuantisedTensor } from '../../../protocol/arithmetic/tensor.ts';
import { elementCount } from '../../../protocol/edge.ts';
import type { Model } from '../../model/model.ts';
import { constraintsOf, edgeInterval, portConstraints } from '../../provers/circuit/index.ts';
import type { PortBinding } from '../../provers/circuit/ports.ts';
import type { Port } from '../../provers/prover.ts';
import { coefficients } from './coefficients.ts';
import { groth16Constraints } from './groth16-constraints.ts';
import { groth16Features } from './groth16-features.ts';
import { multiplications } from './multiplications.ts';
import type { SegmentCost } from './segment-cost.ts';
import { weigh } from './weigh.ts';

/** Two points of G1 and one of G2, and the commitment that gnark adds to them. */
const proofBytes = 256;

/**
 * What setting up and proving a circuit by Groth16 takes, by a fit to measurements (bench/measurements).
 *
 * @param constraints rank-one constraints
 * @param terms of all expressions; a layer has about as many as it has multiplications
 */
export function groth16Cost(constraints: number, terms: number): SegmentCost {
  const { groth16 } = coefficients;
  const features = groth16Features(constraints, terms);
  return {
    prover: 'groth16',
    constraints,
    setupSeconds: weigh(groth16.setupCpuSeconds, features) / groth16.parallelism,
    proveSeconds: weigh(groth16.proveCpuSeconds, features) / groth16.parallelism,
    setupBytes: weigh(groth16.setupBytes, features),
    proveBytes: weigh(groth16.proveBytes, features),
    provingKeyBytes: weigh(groth16.provingKeyBytes, features),
    proofBytes,
  };
}

/** What a segment will take, predicted from its model alone. */
export function groth16SegmentCost(model: Model): SegmentCost {
  const { total } = groth16Constraints(model);
  // A term for each multiplication; the constraints themselves have about one each.
  return groth16Cost(total, multiplications(model) + total);
}

/** Schemes of a segment's ports, in its order. */
export interface PortSchemes {
  inputPorts: readonly Pick<Port, 'scheme' | 'blinded'>[];
  outputPorts: readonly Pick<Port, 'scheme' | 'blinded'>[];
}

/**
 * As {@link groth16SegmentCost}, for a segment whose ports are decided, and whose scales and widths calibration has
 * settled: its constraints are known.
 */
export function groth16QuantisedCost(
  model: Model,
  { inputPorts, outputPorts }: PortSchemes,
  quantised: QuantisedModel,
): SegmentCost {
  const { inputs, outputs, tensors, nodes } = quantised;
  const ports = (side: 'input' | 'output', names: readonly string[], schemes: PortSchemes['inputPorts']) =>
    names.map((name, index) => {
      const { lo, hi, shape } = tensors.get(name) as QuantisedTensor;
      return portConstraints(
        { ...edgeInterval({ lo, hi }), binding: bindingOf(schemes[index]) },
        side,
        elementCount(shape),
      );
    });
  const constraints = [
    ...nodes.map((node) => constraintsOf(quantised, node)),
    ...ports('input', inputs, inputPorts),
    ...ports('output', outputs, outputPorts),
  ];
  const total = constraints.reduce((sum, own) => sum + own, 0);
  return groth16Cost(total, multiplications(model) + total);
}

/** What a port of this scheme costs does not depend on the domain of its sponge. */
function bindingOf(port: PortSchemes['inputPorts'][number] | undefined): PortBinding {
  return port?.scheme === 'poseidon2'
    ? { scheme: 'poseidon2', domain: 0n, blinded: port.blinded }
    : { scheme: 'public' };
}
