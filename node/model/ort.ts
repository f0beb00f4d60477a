import { InferenceSession } from 'onnxruntime-node';

/**
 * A session that runs the model, given as bytes or as the path of its file, as it is written: no graph optimisation, so that nothing is fused or folded
 * behind our back, and no messages on standard output or error.
 */
export function openPlainSession(model: Uint8Array | string): Promise<InferenceSession> {
  const options = { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 } as const;
  return typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options);
}
