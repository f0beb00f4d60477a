/**
 * The benchmarks that a user's words name: by the name of one, by a row's, or by what several names begin with.
 *
 * @param words separated by commas, e.g. `lenet,gas/posting a job of 8 segments`
 * @param known all names
 * @throws RangeError for words that name none
 */
export function selectBenchmarks(words: string, known: readonly string[]): string[] {
  return words.split(',').flatMap((word) => {
    const [name = ''] = word.split('/', 1);
    if (known.includes(name)) return [name];
    const found = known.filter((one) => one.startsWith(`${name}-`));
    if (found.length > 0) return found;
    throw new RangeError(`There is no ${word}; there are ${known.join(', ')}.`);
  });
}
