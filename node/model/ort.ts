import { InferenceSession } from 'onnxruntime-node';

/**
 * A session that runs the model as it is written: no graph optimisation, so that nothing is fused or folded
 * behind our back, and no messages on standard output or error.
 */
export function openPlainSession(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 });
}
