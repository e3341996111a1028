/** Starts and stops the real Vendure and the real Tryton for the tests of this folder. */
import { execFile } from 'node:child_process'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const script = join(import.meta.dirname, 'setup', 'real.sh')

/** Seeded databases and installed packages are kept here between runs; every user has a folder of their own. */
const folder = process.env.TRIBUTARY_REAL_DIR ?? join(tmpdir(), `tributary-real-${userInfo().uid}`)

/**
 * Why these tests cannot run here, or null. They install packages and take minutes the first time, so they
 * run only when asked for.
 */
export async function whyNot(): Promise<string | null> {
  if (process.env.TRIBUTARY_REAL !== '1')
    return 'set TRIBUTARY_REAL=1 to run against a real Vendure and Tryton'
  try {
    await run(script, ['probe'])
    return null
  } catch (error) {
    return `cannot run here: ${(error as { stdout?: string }).stdout?.trim() || String(error)}`
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
