import type { Model } from '../model.ts';
import { digestFiles, readModel } from '../onnx/read.ts';
import { type NormaliseOptions, normalise } from './normalise.ts';

export interface ImportedModel {
  model: Model;
  /**
   * SHA-256, in hex, over the model file followed by its external data files ordered by location name; for a
   * model without external data, the digest of its file.
   */
  sha256: string;
}

/**
 * Imports an ONNX file: reads, checks and normalises it. Large weights stay in the files, which must not
 * change while the model is in use.
 * @throws TesseraError MODEL_UNREADABLE, MODEL_INVALID, SHAPE_UNKNOWN, TENSOR_UNKNOWN or INPUT_INVALID
 */
export async function importModel(path: string, options: NormaliseOptions = {}): Promise<ImportedModel> {
  const { draft, files } = readModel(path);
  const sha256 = await digestFiles(files, options.signal);
  return { model: await normalise(draft, options), sha256 };
}
