import { expect, test } from 'vitest';
import { TesseraError } from '../../protocol/errors.ts';
import { namingSegment } from './naming-segment.ts';

test('says which segment needs more memory, and keeps what to do', () => {
  const remedy = 'Allow more memory, at first --memory 80MiB.';
  const error = new TesseraError('MEMORY_EXCEEDED', { message: 'too much', remedy, details: { used: 7 } });
  expect(namingSegment('0-Conv', error)).toMatchObject({
    code: 'MEMORY_EXCEEDED',
    message: 'Segment 0-Conv: too much',
    remedy,
    details: { segment: '0-Conv', used: 7 },
  });
});

test('leaves other errors as they are', () => {
  const error = new TesseraError('PROVER_CRASHED', { message: 'gone' });
  expect(namingSegment('0-Conv', error)).toBe(error);
});
