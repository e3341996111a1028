/** Starts and stops the real Vendure and the real Tryton for the tests of this folder. */
import { execFile } from 'node:child_process'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { realMissing } from '../support/machine.ts'

const run = promisify(execFile)
const script = join(import.meta.dirname, 'setup', 'real.sh')

/** Seeded databases and installed packages are kept here between runs; every user has a folder of their own. */
const folder = process.env.TRIBUTARY_REAL_DIR ?? join(tmpdir(), `tributary-real-${userInfo().uid}`)

/** Why these tests cannot run here, or null. They run only when asked for: the first time takes minutes. */
export async function whyNot(): Promise<string | null> {
  const missing = realMissing()
  if (missing) return missing
  try {
    await run(script, ['probe'])
    return null
  } catch (error) {
    const said = (error as { stdout?: string }).stdout?.trim() || String(error)
    console.log(`skipped: real systems: ${said}`)
    return said
  }
}

export interface Systems {
  vendure: string
  tryton: string
  postgres: string
}

/** Sets up once, restores the seeded state and starts both. Takes 3 minutes at first, then some 15 s. */
export async function startSystems(): Promise<Systems> {
  await run(script, ['setup', folder], { timeout: 900_000 })
  await run(script, ['reset', folder], { timeout: 120_000 })
  const { stdout } = await run(script, ['start', folder], { timeout: 180_000 })
  return JSON.parse(stdout) as Systems
}

/** Stops everything that `startSystems` started, PostgreSQL included; the data stays. */
export async function stopSystems(): Promise<void> {
  await run(script, ['down', folder], { timeout: 60_000 })
}
