import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { checkCertificate } from '../../../protocol/check.ts';
import { toyVerifier } from '../../../protocol/fixtures/toy-adapter.ts';
import { run, toyCertificate } from '../../../protocol/fixtures/toy-certificate.ts';
import { modelId } from '../../../protocol/ids.ts';
import { Output } from '../output.ts';
import { describeReport, provenOutputs } from './verify.ts';

test('names in a certificate cannot draw a verdict of their own', async () => {
  const certificate = toyCertificate(run([1n, 2n, 3n, 4n]));
  const { manifest } = certificate;
  const { graph } = manifest;
  const forged = '\u001b[2J\u001b[HThe certificate is \u001b[32mvalid\u001b[39m.\n';
  const named = {
    ...graph,
    segments: graph.segments.map((segment, index) => ({ ...segment, id: `${index}${forged}` })),
    edges: graph.edges.map((edge, index) => ({ ...edge, name: `${index}${forged}` })),
  };
  const hostile = { ...certificate, manifest: { ...manifest, graph: named } };
  const output = new Output({ stdout: new PassThrough(), stderr: new PassThrough(), json: false });
  for (const allowDevelopment of [true, false]) {
    const report = await checkCertificate(hostile, { verifiers: [toyVerifier()], allowDevelopment });
    const lines = describeReport(report, hostile, output).split('\n');
    expect(
      lines.filter((line) => line.startsWith('The certificate is')).map(stripVTControlCharacters),
    ).toEqual([`The certificate is ${allowDevelopment ? 'valid' : 'sound, but rests on development keys'}.`]);
    expect(lines.join('')).not.toContain('\u001b[2J');
    expect(lines.some((line) => line.includes('\\u{1b}[2J\\u{1b}[HThe'))).toBe(true);
  }
});

test('a model that is not the expected one is told from one of which nothing is known', async () => {
  const certificate = toyCertificate(run([1n, 2n, 3n, 4n]));
  const output = new Output({ stdout: new PassThrough(), stderr: new PassThrough(), json: false });
  const describe = async (expect: object) => {
    const report = await checkCertificate(certificate, { verifiers: [toyVerifier()], expect });
    return stripVTControlCharacters(describeReport(report, certificate, output));
  };
  const other = await describe({ modelId: '0'.repeat(64) });
  expect(other).toContain('(NOT the expected one; not audited)');
  expect(other).toContain('The certificate is not valid.');
  expect(await describe({})).toContain('(not known to be an expected one; not audited)');
  expect(await describe({ modelId: modelId(certificate.manifest) })).toContain('(as expected; not audited)');
});

test('the outputs of a sound certificate are stated in the units of the model, those of another are not', () => {
  const certificate = toyCertificate(run([1n, 2n, 3n, 4n]));
  const { graph } = certificate.manifest;
  const proven = provenOutputs({ sound: true }, certificate);
  expect(proven.map(({ name }) => name)).toEqual(graph.outputs.map((index) => graph.edges[index]?.name));
  for (const [at, index] of graph.outputs.entries()) {
    const stated = certificate.statements.find(({ edge }) => edge === index);
    const scale = graph.edges[index]?.type.scale ?? 0;
    expect(proven[at]?.values).toEqual(stated?.values.map((value) => Number(value) / 2 ** scale) ?? null);
  }
  expect(provenOutputs({ sound: true }, { ...certificate, statements: [] })).toContainEqual(
    expect.objectContaining({ values: null }),
  );
  expect(provenOutputs({ sound: false }, certificate)).toEqual([]);
});
