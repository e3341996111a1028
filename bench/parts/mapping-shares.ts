/** Where the time of a mapping goes, by the machine's own profiler, which also tells what was compiled in line. */
import { type Profiler, Session } from 'node:inspector/promises'
import type { Work } from './mapping-rate.ts'

/** Parts of the time, from 0 to 1. */
export interface Shares {
  /** Money, decimals and instants (src/core): work that every way of mapping must do. */
  exact: number
  /** The functions of mappings around them: checks of their arguments, lists, texts. */
  functions: number
}

const INTERVAL = 100

/** Profiles calls for about that many milliseconds. Throws when the machine cannot profile. */
export async function sharesOf(work: Work, milliseconds: number): Promise<Shares> {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: INTERVAL })
    await session.post('Profiler.start')
    const end = performance.now() + milliseconds
    while (performance.now() < end) for (let i = 0; i < 100; i++) await work()
    const { profile } = await session.post('Profiler.stop')
    return shares(profile)
  } finally {
    session.disconnect()
  }
}

function shares({ nodes, samples = [] }: Profiler.Profile): Shares {
  const urls = new Map(nodes.map((n) => [n.id, `${n.callFrame.url}#${n.callFrame.functionName}`]))
  let [all, exact, functions] = [0, 0, 0]
  for (const id of samples) {
    const url = urls.get(id) ?? ''
    // What waits, and the profiler itself, is no part of the work.
    if (url === '#(idle)' || url === '#(program)' || url.startsWith('node:inspector')) continue
    all++
    if (/\/src\/core\/(money|time)\.ts#/.test(url)) exact++
    else if (/\/src\/mapping\/(functions|arguments|rows)[\w-]*\.ts#/.test(url)) functions++
  }
  if (all === 0) throw new Error('the profiler saw nothing')
  return { exact: exact / all, functions: functions / all }
}
