import type { Model } from '../model.ts';
import { digestFiles, readModel } from '../onnx/read.ts';
import { type NormaliseOptions, normalise } from './normalise.ts';

export interface ImportedModel {
  model: Model;
  /**
   * In hex: SHA-256 of the model file or, with external data, of the digests of the file and of each data file,
   * ordered by location name.
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
