import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The nine published networks in the test data of the Python package `onnx`, by file name. */
export const lightModels = [
  'light_bvlc_alexnet',
  'light_densenet121',
  'light_inception_v1',
  'light_inception_v2',
  'light_resnet50',
  'light_shufflenet',
  'light_squeezenet',
  'light_vgg19',
  'light_zfnet512',
] as const;

/** The path of a light model, in the folder that the tests' setup names. */
export function lightModel(name: (typeof lightModels)[number]): string {
  const folder = process.env.TESSERA_TEST_LIGHT_MODELS;
  if (folder === undefined)
    throw new Error('TESSERA_TEST_LIGHT_MODELS does not name the folder of the light models.');
  const file = `${name}.onnx`;
  if (!readdirSync(folder).includes(file)) throw new Error(`${folder} has no ${file}.`);
  return join(folder, file);
}
