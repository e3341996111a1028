/** Things in the order of an instant and an id: what incremental reading runs over. */

/** One thing; `at` is an instant as the platform states it, `id` parts those of one second. */
interface Keyed {
  at: string
  id: string
}

/** An index that moves its entries. */
export interface Sorted<T> {
  /** Puts a thing at its place; where it was before does not count any more. */
  put(id: string, at: string, thing: T): void
  /** Everything from one instant to another, both contained, oldest first. */
  between(from: string, to: string): T[]
}

/** Makes an empty index. */
export function createSorted<T>(): Sorted<T> {
  const list: (Keyed & { thing: T })[] = []
  const places = new Map<string, string>()
  const first = (at: string, id: string): number => {
    let [low, high] = [0, list.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const one = list[middle]!
      if (one.at < at || (one.at === at && one.id < id)) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    put(id, at, thing) {
      const before = places.get(id)
      if (before !== undefined) list.splice(first(before, id), 1)
      list.splice(first(at, id), 0, { at, id, thing })
      places.set(id, at)
    },
    // No id begins with so high a character.
    between: (from, to) => list.slice(first(from, ''), first(to, '\uffff')).map((one) => one.thing),
  }
}
