import type { JobRequest } from '../requester/job.ts';
import { type ReadFile, requirePlace } from './certificate-file.ts';
import { requireOpeningPlace } from './opening-file.ts';

/** The part of a job's request that names files, with the SRS where one is given. */
export interface JobFiles extends Pick<JobRequest, 'model' | 'input' | 'calibration'> {
  srs?: string;
}

/** The files that a job is made from, which its certificate must not replace. */
export function filesReadBy({ model, input, calibration, srs }: JobFiles): ReadFile[] {
  return [
    { what: 'the model', path: model },
    { what: 'the input', path: typeof input === 'string' ? input : input.path },
    ...(calibration === undefined ? [] : [{ what: 'the file of --calibrate', path: calibration }]),
    ...(srs === undefined ? [] : [{ what: 'the file of --srs', path: srs }]),
  ];
}

/**
 * Finds out whether a job's certificate, and what opens its committed tensors, have a place, before any work.
 *
 * @throws TesseraError `USAGE` where a file would be lost, `STORAGE_FAILED`
 */
export async function requireOutput(
  out: string,
  request: JobFiles & Pick<JobRequest, 'commit'>,
): Promise<void> {
  await requirePlace(out, filesReadBy(request));
  if (request.commit !== undefined) await requireOpeningPlace(`${out}.opening`);
}
