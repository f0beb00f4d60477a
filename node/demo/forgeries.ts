import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from '../../protocol/certificate.ts';
import { decodeCertificate, encodeCertificate } from '../../protocol/certificate-codec.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { Report } from '../../protocol/report.ts';

/** What was done to a copy of the certificate, and how the check refused it. */
export interface Refusal {
  change: string;
  file: string;
  /** Codes and messages of all problems found; empty would mean that it was accepted. */
  problems: readonly { code: string; message: string }[];
}

/**
 * Changes copies of a certificate as a forger might, and has each checked.
 *
 * @param directory where the copies are written
 */
export async function refuseForgeries(
  certificate: string,
  directory: string,
  check: (file: string) => Promise<{ report: Report }>,
): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (const { name, change, forge } of forgeries) {
    const file = join(directory, name);
    await writeFile(file, forge(new Uint8Array(await readFile(certificate))));
    refusals.push({ change, file, problems: await problemsOf(() => check(file)) });
  }
  return refusals;
}

async function problemsOf(check: () => Promise<{ report: Report }>): Promise<Refusal['problems']> {
  try {
    const { report } = await check();
    return report.problems.map(({ code, message }) => ({ code, message }));
  } catch (error) {
    if (error instanceof TesseraError && error.code !== 'ABORTED') {
      return [{ code: error.code, message: error.message }];
    }
    throw error;
  }
}

/** What a forger might try; each gives the bytes of another file. */
const forgeries: readonly { name: string; change: string; forge: (file: Uint8Array) => Uint8Array }[] = [
  {
    name: 'byte-changed.cert',
    change: 'one byte of the file changed',
    forge: (file) => file.with(file.length >> 1, (file[file.length >> 1] ?? 0) ^ 1),
  },
  {
    name: 'proof-changed.cert',
    change: 'one byte of the second proof changed, and the file sealed again',
    forge: (file) =>
      reseal(file, (certificate) => ({
        ...certificate,
        proofs: certificate.proofs.map((proof, index) =>
          proof === null || index !== 1
            ? proof
            : { ...proof, bytes: proof.bytes.with(-1, (proof.bytes.at(-1) ?? 0) ^ 1) },
        ),
      })),
  },
  {
    name: 'answer-changed.cert',
    change: 'another answer stated, and the file sealed again',
    forge: (file) =>
      reseal(file, (certificate) => ({
        ...certificate,
        statements: certificate.statements.map((statement) =>
          certificate.manifest.graph.outputs.includes(statement.edge)
            ? { ...statement, values: statement.values.toReversed() }
            : statement,
        ),
      })),
  },
];

function reseal(file: Uint8Array, change: (certificate: Certificate) => Certificate): Uint8Array {
  return encodeCertificate(change(decodeCertificate(file)));
}
