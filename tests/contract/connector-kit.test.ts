/** The conformance kit over every bundled connector; what `tributary connector check` says must be what runs here. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Report, readWaivers, runKit } from '../../src/conformance/kit.ts'
import { findConnectors } from '../../src/connector/load.ts'

const folders = [...(await findConnectors(['connectors']))]

/** Connector → the check that it is let off. The list may only shrink. */
const WAIVED: Record<string, string> = {
  'standard-webhooks': 'failures-write',
  tryton: 'fixtures',
}

/** What the kit said, so that no connector is tried twice. */
const reports = new Map<string, Report>()
const reportOf = async (id: string, folder: string): Promise<Report> => {
  const report = reports.get(id) ?? (await runKit(folder))
  reports.set(id, report)
  return report
}

describe('the conformance kit', () => {
  it.each(folders)('%s passes', async (id, folder) => {
    const { findings } = await reportOf(id, folder)
    expect(findings.filter((f) => f.state === 'failed')).toEqual([])
    expect(findings.filter((f) => f.state === 'ok').length).toBeGreaterThan(3)
    for (const f of findings)
      if (f.state === 'not-applicable') expect(f.say.length, f.check).toBeGreaterThan(15)
  })

  it('no waiver is new, and none is kept that is not needed', async () => {
    const found: Record<string, string> = {}
    for (const [id, folder] of folders) {
      const [check] = Object.keys(await readWaivers(folder))
      if (check) found[id] = check
      expect(existsSync(join(folder, 'waivers.yaml')), id).toBe(check !== undefined)
    }
    expect(found).toEqual(WAIVED)
  })

  it('every waiver is still needed', async () => {
    for (const [id, folder] of folders) {
      if (!WAIVED[id]) continue
      const { findings } = await reportOf(id, folder)
      expect(findings.filter((f) => f.state === 'waived').length, id).toBeGreaterThan(0)
    }
  })
})
