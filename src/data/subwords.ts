import { hashText } from './hash.js';

/** The lengths of n-grams: pieces shorter than these mean nothing, longer ones recur seldom. */
const [SHORTEST, LONGEST] = [3, 5];
/** The maximum number of n-grams of a word, from its beginning: all of them up to 11 letters. */
export const NGRAMS = 32;

/**
 * The ids of the character n-grams of a word with its ends marked, such as `<he`, `hea`, ..., `<hea`, ... of `<heart>`
 * (fastText; Bojanowski et al. 2017). N-grams share `buckets - 1` ids by their hashes, from 1 on.
 */
export function subwordsOf(word: string, buckets: number): number[] {
  const characters = ['<', ...word, '>'];
  const ids: number[] = [];
  for (let begin = 0; begin + SHORTEST <= characters.length; begin++)
    for (let size = SHORTEST; size <= LONGEST && begin + size <= characters.length; size++)
      if (ids.length < NGRAMS) ids.push(1 + (hashText(characters.slice(begin, begin + size).join('')) % (buckets - 1)));
  return ids;
}
