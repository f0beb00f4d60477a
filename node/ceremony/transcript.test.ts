import { describe, expect, it } from 'vitest';
import { decodeTranscript, encodeTranscript, phaseOf, type Transcript } from './transcript.ts';

const digest = (byte: string): string => byte.repeat(32);
const finished: Transcript = {
  constraints: digest('aa'),
  powers: [digest('01'), digest('02')],
  powersBeacon: '0b',
  circuit: [digest('03')],
  circuitBeacon: '0c',
};

describe('decodeTranscript', () => {
  const { circuitBeacon: _, ...circuitOpen } = finished;
  const fresh: Transcript = { constraints: digest('aa'), powers: [], circuit: [] };
  it.each<[string, Transcript]>([
    ['powers', fresh],
    ['circuit', circuitOpen],
    ['finished', finished],
  ])('reads back a transcript in phase %s', (phase, transcript) => {
    expect(decodeTranscript(encodeTranscript(transcript))).toEqual(transcript);
    expect(phaseOf(transcript)).toBe(phase);
  });

  const text = new TextDecoder().decode(encodeTranscript(finished));
  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a space more', `${text} `],
    ['an unknown member', text.replace('{', '{"a":1,')],
    ['another version', text.replace('"version":1', '"version":2')],
    ['a digest in capitals', text.replaceAll('aa', 'AA')],
    ['a short digest', text.replace('01', '')],
    ['an odd beacon', text.replace('"0b"', '"b"')],
    ['an empty beacon', text.replace('"0b"', '""')],
    ['a circuit phase without powers', text.replace(/"powers":\[[^\]]*\]/, '"powers":[]')],
    ['a circuit phase before the powers’ beacon', text.replace('"powersBeacon":"0b",', '')],
    ['a last beacon without contributions', text.replace(/"circuit":\[[^\]]*\]/, '"circuit":[]')],
    [
      'too many contributions',
      text.replace(
        `"${digest('03')}"`,
        Array(1025)
          .fill(`"${digest('03')}"`)
          .join(),
      ),
    ],
    ['too many bytes', text.replace('"0b"', `"${'0b'.repeat(200_000)}"`)],
  ])('refuses %s', (_, changed) => {
    expect(changed).not.toBe(text);
    expect(() => decodeTranscript(new TextEncoder().encode(changed))).toThrow(/malformed/);
  });
});
