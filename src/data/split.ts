/**
 * Joins names that share a mark, directly or over others: a name -> the name that stands for its group (the first that
 * was seen). Split by groups, and what is the same under two names never stands on both sides.
 */
export function joinByMark(pairs: Iterable<readonly [name: string, mark: string]>): Map<string, string> {
  const above = new Map<string, string>();
  const firstWith = new Map<string, string>();
  const top = (name: string): string => {
    let at = name;
    while (above.get(at) !== at) at = above.get(at)!;
    return at;
  };
  for (const [name, mark] of pairs) {
    if (!above.has(name)) above.set(name, name);
    const other = firstWith.get(mark);
    if (other === undefined) firstWith.set(mark, name);
    else above.set(top(name), top(other));
  }
  return new Map([...above.keys()].map((name) => [name, top(name)]));
}
