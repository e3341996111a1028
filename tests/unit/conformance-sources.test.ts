/** The checks of the kit catch a connector of rows or files that is broken on purpose. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkSamples } from '../../src/conformance/check-sources.ts'
import { runKit } from '../../src/conformance/kit.ts'
import { readSubject } from '../../src/conformance/subject.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-kit-'))
  for (const id of ['sql', 'files'])
    for (const part of ['connectors', 'mappings']) {
      await mkdir(join(root, part), { recursive: true })
      await cp(join(part, id), join(root, part, id), { recursive: true })
    }
})
afterEach(() => rm(root, { recursive: true }))

async function edit(file: string, from: string | RegExp, to: string): Promise<void> {
  const path = join(root, file)
  const before = await readFile(path, 'utf8')
  const after = before.replace(from, to)
  expect(after).not.toBe(before)
  await writeFile(path, after)
}

/** One stream is enough to be caught; the others only take time. */
async function only(id: string, stream: string): Promise<void> {
  const file = join(root, 'connectors', id, 'connector.yaml')
  const text = await readFile(file, 'utf8')
  const [head, streams] = text.split(/^read:\n/m) as [string, string]
  const kept = streams.split('\n').filter((line) => line.startsWith(`  ${stream}:`))
  await writeFile(file, `${head}read:\n${kept.join('\n')}\n`)
}

/** Checks that failed. Of the streams that were left away coverage.yaml still tells. */
const broken = async (id: string): Promise<string[]> =>
  (await runKit(join(root, 'connectors', id))).findings.flatMap((f) =>
    f.state === 'failed' && f.check !== 'coverage' ? [f.check] : [],
  )

describe('the kit over sources without HTTP', { timeout: 120_000 }, () => {
  it('catches rows that come late', async () => {
    await only('sql', 'order')
    await edit('connectors/sql/connector.yaml', 'document: order,', 'document: order, lag: 0s, overlap: 0s,')
    expect(await broken('sql')).toEqual(['gaps-late'])
  })

  it('catches samples that are not there, lack a column, or map to nothing valid', async () => {
    await only('sql', 'order')
    const sample = 'connectors/sql/fixtures/order.rows.json'
    await edit(sample, '"updated_at"', '"changed_at"')
    expect(await broken('sql')).toEqual(['fixtures'])
    await rm(join(root, sample))
    const subject = await readSubject(join(root, 'connectors/sql'))
    expect(await checkSamples(subject, 'order')).toMatchObject({ state: 'failed', found: 'none' })
    const rows = await readSubject('connectors/sql')
    const wrong = rows.samples.map((s) => ({
      ...s,
      bytes: Buffer.from(s.bytes.toString().replace('124.50', '924.50')),
    }))
    expect(await checkSamples({ ...rows, samples: wrong }, 'order')).toMatchObject({ state: 'failed' })
  })

  it('catches a sample file that is not what the stream says, and a secret in one', async () => {
    await only('files', 'shipment')
    expect(await broken('files')).toEqual([])
    await edit('connectors/files/conformance.yaml', 'id: 发货单号', 'id: 单号')
    expect(await broken('files')).toEqual(['fixtures'])
    await edit('connectors/files/conformance.yaml', 'id: 单号', 'id: 发货单号')
    await edit('connectors/files/fixtures/shipment.file.csv', 'SF0001', '-----BEGIN PRIVATE KEY-----')
    expect(await broken('files')).toEqual(['secrets'])
  })

  it('says so where a declaration is a setting that conformance.yaml does not give', async () => {
    await only('sql', 'order')
    await edit('connectors/sql/conformance.yaml', /^ {2}order:\n( {4}.*\n)+/m, '')
    const { findings } = await runKit(join(root, 'connectors/sql'))
    const said = findings.filter((f) => f.about === 'order' && f.check !== 'newest')
    expect(new Set(said.map((f) => f.state))).toEqual(new Set(['not-applicable']))
    expect(said.filter((f) => !f.say.includes('conformance.yaml'))).toEqual([])
  })
})
