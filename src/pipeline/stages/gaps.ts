/** gaps: what is lacking in numbers that a platform hands out one after the other, as `#1001`, `#1002`, `#1004`. */

/** What ought to be there, to be looked up. */
export interface Candidates {
  /** Between the lowest and the highest of the day. */
  inside: string[]
  /** Below the lowest, going down: the day before may have ended, and this one begun, with a gap. */
  below: string[]
}

/** Numbers further apart than this are no neighbours: somebody wrote one of them by hand. */
const JUMP = 1000
/** How far below the day's lowest number its predecessor is looked for. */
const BELOW = 100

/** The last run of digits counts; what stands before and after it must be the same for all. */
const NUMBERED = /^(.*?)(\d{1,15})(\D*)$/s

/** What the numbers of one day lead to expect; null where they are too few, or no sequence. */
export function candidatesOf(values: string[]): Candidates | null {
  const parts = values.flatMap((value) => {
    const m = NUMBERED.exec(value)
    return m ? [{ before: m[1]!, digits: m[2]!, after: m[3]! }] : []
  })
  const style = largest([...Map.groupBy(parts, (p) => `${p.before} ${p.after}`).values()])
  if (!style) return null
  const numbers = largest(clusters(style.map((p) => Number(p.digits)).sort((a, b) => a - b)))!
  const { before, after } = style[0]!
  // leading zeros are part of the number
  const width = style.some((p) => p.digits.startsWith('0')) ? style[0]!.digits.length : 0
  const text = (n: number) => `${before}${String(n).padStart(width, '0')}${after}`
  const known = new Set(numbers)
  const lowest = numbers[0]!
  const inside: string[] = []
  for (let n = lowest; n < numbers.at(-1)!; n++) if (!known.has(n)) inside.push(text(n))
  const below = Array.from({ length: Math.min(BELOW, lowest - 1) }, (_, i) => text(lowest - 1 - i))
  return { inside, below }
}

function largest<T>(lists: T[][]): T[] | undefined {
  return lists.reduce<T[] | undefined>(
    (most, list) => (list.length > (most?.length ?? 0) ? list : most),
    undefined,
  )
}

/** Ascending numbers, cut where two are too far apart. */
function clusters(numbers: number[]): number[][] {
  const out: number[][] = []
  for (const n of numbers) {
    const last = out.at(-1)
    if (last && n - last.at(-1)! <= JUMP) last.push(n)
    else out.push([n])
  }
  return out
}

/** What nobody knows, ascending. `known`: those of the candidates that are there. */
export function gapsOf({ inside, below }: Candidates, known: ReadonlySet<string>): string[] {
  const predecessor = below.findIndex((text) => known.has(text))
  // none far and wide: here the sequence began, or what is here of it
  const edge = predecessor < 0 ? [] : below.slice(0, predecessor).reverse()
  return [...edge, ...inside.filter((text) => !known.has(text))]
}
