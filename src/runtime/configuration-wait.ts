/** Whether the running processes have taken over what was activated. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Operations } from './operations.ts'
import type { ProcessSummary } from './operations-configuration-types.ts'

/** Longest that is waited: a process has been told at once and looks every second. Milliseconds. */
const PATIENCE = 10_000
const EVERY = 150

/** `taken`: after so many milliseconds; null: not, or not yet. */
export interface Follow {
  process: ProcessSummary
  taken: number | null
}

/** Waits until every living process runs by this activation or has said why it cannot. Throws what asking throws. */
export async function waitForProcesses(operations: Operations, activation: string): Promise<Follow[]> {
  const began = Date.now()
  const taken = new Map<string, number>()
  for (;;) {
    const { processes } = await operations.configurationState({})
    const after = Date.now() - began
    for (const p of processes) if (runsBy(p, activation) && !taken.has(p.id)) taken.set(p.id, after)
    const decided = processes.every((p) => runsBy(p, activation) || Number(p.refused) >= Number(activation))
    if (decided || after > PATIENCE) {
      return processes.map((process) => ({ process, taken: taken.get(process.id) ?? null }))
    }
    await sleep(EVERY)
  }
}

function runsBy(process: ProcessSummary, activation: string): boolean {
  return Number(process.activation ?? 0) >= Number(activation)
}
