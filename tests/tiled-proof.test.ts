import { afterAll, beforeAll, expect, it } from 'vitest';
import { audit } from '../node/audit.ts';
import { ints } from '../node/model/attribute-values.ts';
import { floatConstant } from '../node/model/constant.ts';
import type { Attribute, Model, ModelNode, TensorType } from '../node/model/model.ts';
import { randomValues } from '../node/model/test-models/random-values.ts';
import type { Certificate } from '../protocol/certificate.ts';
import type { ProofVerifier } from '../protocol/verifier.ts';
import { describeWithEzkl } from './support/ezkl-python.ts';
import { image, limits, Proving } from './support/proving.ts';
import { remembering } from './support/remembering-verifier.ts';

const float = (...shape: number[]): TensorType => ({ element: 'float32', shape });
const node = (
  name: string,
  operator: string,
  inputs: string[],
  output: string,
  attributes: Record<string, Attribute> = {},
): ModelNode => ({
  name,
  operator,
  domain: '',
  inputs,
  outputs: [output],
  attributes: new Map(Object.entries(attributes)),
});

/** A convolution whose result is both an output and read by a dense layer. */
const model: Model = {
  name: 'tiled',
  irVersion: 8,
  opsets: new Map([['', 13]]),
  inputs: ['image'],
  outputs: ['scores', 'features'],
  nodes: [
    node('convolution', 'Conv', ['image', 'w'], 'raw', {
      kernel_shape: ints(3, 3),
      strides: ints(1, 1),
      pads: ints(1, 1, 1, 1),
      dilations: ints(1, 1),
      group: { type: 'int', value: 1n },
    }),
    node('relu', 'Relu', ['raw'], 'features'),
    node('flatten', 'Flatten', ['features'], 'flat', { axis: { type: 'int', value: 1n } }),
    node('dense', 'Gemm', ['flat', 'v'], 'scores', { transB: { type: 'int', value: 1n } }),
  ],
  constants: new Map([
    ['w', floatConstant([4, 1, 3, 3], randomValues(36, 1, 0.5))],
    ['v', floatConstant([3, 100], randomValues(300, 2, 0.2))],
  ]),
  types: new Map([
    ['image', float(1, 1, 5, 5)],
    ['raw', float(1, 4, 5, 5)],
    ['features', float(1, 4, 5, 5)],
    ['flat', float(1, 100)],
    ['scores', float(1, 3)],
  ]),
};

describeWithEzkl('a proof of a layer in tiles', () => {
  let proving: Proving;
  let honest: Certificate;
  let path: string;
  let verifier: ProofVerifier;

  beforeAll(async () => {
    proving = await Proving.open();
    verifier = remembering(proving.verifier);
    path = await proving.writeModel('model.onnx', model);
    const { certificate, report } = await proving.certify({
      model: path,
      input: await proving.writeInputs('input.json', { image: image(25) }),
      strategy: 'segments=0-1,2-3,4-6 tiles=convolution:2',
      out: proving.path('tiled.cert'),
    });
    honest = certificate;
    expect(report.outputs.map(({ name, maxDifference }) => [name, maxDifference < 0.1])).toEqual([
      ['scores', true],
      ['features', true],
    ]);
  });
  afterAll(() => proving.close());

  const check = (certificate: Certificate) => proving.check(certificate, { verifiers: [verifier] });
  const features = () => honest.manifest.graph.edges.findIndex(({ name }) => name === 'features');

  it('verifies, with one commitment for each tile', async () => {
    const { graph, recipe } = honest.manifest;
    expect(graph.edges[features()]).toMatchObject({
      type: { shape: [1, 4, 5, 5] },
      blocks: [
        { start: [0, 0, 0, 0], size: [1, 2, 5, 5] },
        { start: [0, 2, 0, 0], size: [1, 2, 5, 5] },
      ],
    });
    expect(honest.commitments[features()]).toHaveLength(2);
    expect(recipe.strategy).toBe('segments=0-1,2-3,4-6 tiles=convolution:2');
    expect(graph.outputs.map((index) => graph.edges[index]?.name)).toEqual(['scores', 'features']);
    expect(await check(honest)).toMatchObject({ problems: [], valid: true });
  });

  it('opens the divided output to its values, and to no others', async () => {
    const stated = honest.statements.find(({ edge }) => edge === features());
    expect(stated?.values).toHaveLength(100);
    const values = (stated?.values ?? []).with(60, (stated?.values[60] ?? 0n) + 1n);
    const statements = honest.statements.map((each) => (each === stated ? { ...each, values } : each));
    expect((await check({ ...honest, statements })).problems).toEqual([
      expect.objectContaining({ code: 'STATEMENT_UNEQUAL', message: expect.stringContaining('block 1') }),
    ]);
  });

  it('is refused when the commitments of two tiles change places', async () => {
    const commitments = honest.commitments.with(
      features(),
      (honest.commitments[features()] ?? []).toReversed(),
    );
    const { valid, problems } = await check({ ...honest, commitments });
    expect(valid).toBe(false);
    expect(problems.map(({ code, edge }) => [code, edge])).toContainEqual(['LINK_UNEQUAL', 'features']);
  });

  it('is refused when the tiles themselves change places in the graph', async () => {
    const { graph } = honest.manifest;
    const [first, second, ...others] = graph.segments;
    if (first === undefined || second === undefined) throw new Error('there are two tiles');
    const segments = [
      { ...first, outputs: second.outputs },
      { ...second, outputs: first.outputs },
      ...others,
    ];
    const manifest = { ...honest.manifest, graph: { ...graph, segments } };
    const { valid, problems } = await check({ ...honest, manifest });
    expect(valid).toBe(false);
    expect(problems.map(({ code }) => code)).toContain('LINK_UNEQUAL');
  });

  it('is refused when the blocks of the edge overlap', async () => {
    const { graph } = honest.manifest;
    const edge = graph.edges[features()];
    if (edge === undefined) throw new Error('there is such an edge');
    const [block] = edge.blocks;
    const edges = graph.edges.with(features(), { ...edge, blocks: block ? [block, block] : [] });
    const manifest = { ...honest.manifest, graph: { ...graph, edges } };
    const { problems } = await check({ ...honest, manifest });
    expect(problems.map(({ code }) => code)).toContain('BLOCKS_NOT_PARTITION');
  });

  it('passes an audit, which divides the layer again', async () => {
    const manifest = proving.path('tiled.cert');
    const report = await audit({ manifest, model: path, limits }, proving.modules());
    expect(report).toMatchObject({ ok: true, problems: [] });
  });
});
