/** Groups items that share a key, also through others: the group of each, as the index of its first item. */
export function groupsOf(keys: readonly (readonly string[])[]): number[] {
  const parents = keys.map((_, at) => at);
  const root = (at: number): number => (parents[at] === at ? at : root(parents[at]));
  const firstOf = new Map<string, number>();
  for (const [at, own] of keys.entries())
    for (const key of own) {
      const first = firstOf.get(key);
      if (first === undefined) firstOf.set(key, at);
      else {
        const [low, high] = [root(at), root(first)].sort((a, b) => a - b);
        parents[high] = low;
      }
    }
  return parents.map((_, at) => root(at));
}
