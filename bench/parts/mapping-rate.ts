/** Rates by the time of this thread on a processor: others on the machine do not count. */

const milliseconds = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

export type Work = () => unknown

async function run(work: Work, least: number): Promise<number> {
  const start = milliseconds()
  let calls = 0
  for (let size = 1; milliseconds() - start < least; size = Math.min(size * 2, 1000)) {
    for (let i = 0; i < size; i++) {
      const value = work()
      if (value instanceof Promise) await value
    }
    calls += size
  }
  return (calls * 1000) / (milliseconds() - start)
}

export const median = (all: number[]): number => all.toSorted((x, y) => x - y)[Math.floor(all.length / 2)]!

/**
 * Calls per second of each, warm: they take turns in short slices, so that whatever disturbs the machine disturbs all
 * of them, and the median of the slices counts. `time`: milliseconds for each.
 */
export async function rates(works: Work[], time: number): Promise<number[]> {
  const slices = 9
  const found: number[][] = works.map(() => [])
  for (const work of works) await run(work, time / 2)
  for (let slice = 0; slice < slices; slice++) {
    for (const [i, work] of works.entries()) found[i]!.push(await run(work, time / slices))
  }
  return found.map(median)
}

/** A function that calls with each of the inputs in turn. */
export function inTurn<T>(inputs: T[], work: (input: T) => unknown): Work {
  let at = 0
  return () => {
    at = at + 1 < inputs.length ? at + 1 : 0
    return work(inputs[at]!)
  }
}
