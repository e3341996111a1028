/** `coverage.yaml` of every bundled connector: complete, and each proof is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkCoverage } from '../../src/conformance/check-coverage.ts'
import { readWaivers } from '../../src/conformance/kit.ts'
import { readSubject } from '../../src/conformance/subject.ts'
import { type Coverage, readCoverage } from '../../src/connector/coverage.ts'
import { findConnectors } from '../../src/connector/load.ts'

const folders = [...(await findConnectors(['connectors']))]

const files = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' })
const textOf = (folder: string) =>
  files(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n')
const REAL = textOf('tests/real')

/** The whole system in tests/real, or a server that the connector's own test starts: a database, an SSH server. */
const meetsReal = (id: string) => {
  const own = `tests/unit/connector-${id}.test.ts`
  const starts = existsSync(own) && /\bstart(Postgres|Mariadb|Sshd)/.test(readFileSync(own, 'utf8'))
  return starts || REAL.includes(id)
}

/** A sandbox of the product, or a stand-in of the tests. */
const hasSandbox = (id: string) =>
  existsSync(`src/sandbox/${id}`) ||
  [`tests/unit/connector-${id}.test.ts`].some(
    (file) => existsSync(file) && readFileSync(file, 'utf8').includes('createServer('),
  )

describe.each(folders)('%s', (id, folder) => {
  it('says of each list and write that it works, of nothing else, and fixtures are where it says', async () => {
    expect(await checkCoverage(await readSubject(folder))).toMatchObject({ state: 'ok' })
  })

  it('has each proof that it names', async () => {
    const { carried } = (await readCoverage(folder))!
    const works = carried.filter((c) => c.state === 'works')
    expect(works.length).toBeGreaterThan(0)
    const { fixtures: waived } = await readWaivers(folder)
    for (const { operation, proof } of works) {
      if (proof.includes('sandbox')) expect(hasSandbox(id), `${operation}: sandbox`).toBe(true)
      if (proof.includes('real')) expect(meetsReal(id), `${operation}: real`).toBe(true)
      // what only arrives may be proven by the sandbox that sends it
      if (!waived && !proof.includes('fixture')) expect(operation, 'a fixture').toMatch(/\.in$/)
    }
  })

  it('says why what it takes for doubtful is so', async () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    const { carried } = (await readCoverage(folder))!
    if (carried.some((c) => c.unverified))
      expect(readme).toMatch(/unverified|not proven|未经验证|come from memory/i)
  })
})

describe('a file', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tributary-coverage-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const read = async (text: string): Promise<Coverage | null> => {
    await writeFile(join(folder, 'coverage.yaml'), text)
    return readCoverage(folder)
  }

  it('of a role shows what is expected of it first, and what it does not name as not built', async () => {
    const text = `role: warehouse
carries:
  product.in: { proof: [fixture], unverified: the unit of the weight }
  order.out: { proof: [fixture, sandbox] }
  stock.in: { not-offered: the warehouse tells no stock }
`
    const { carried } = (await read(text))!
    expect(carried.map((c) => [c.operation, c.state])).toEqual([
      ['order.out', 'works'],
      ['return.out', 'not-built'],
      ['cancellation.out', 'not-built'],
      ['shipment.in', 'not-built'],
      ['return.in', 'not-built'],
      ['stock.in', 'not-offered'],
      ['product.in', 'works'],
    ])
    expect(carried.at(-1)).toMatchObject({ unverified: 'the unit of the weight', proof: ['fixture'] })
  })

  it.each([
    ['role: shop\ncarries: { order: { proof: [fixture] } }\n', 'CONNECTOR_COVERAGE'],
    ['role: shop\ncarries: { orders.in: { proof: [fixture] } }\n', 'CONNECTOR_COVERAGE'],
    ['role: shop\ncarries: { order.in: { proof: [] } }\n', /^YAML_/],
    ['role: shop\ncarries: { order.in: { proof: [memory] } }\n', /^YAML_/],
    ['role: shop\ncarries: { order.in: { not-built: no } }\n', /^YAML_/],
    ['role: kiosk\ncarries: {}\n', /^YAML_/],
  ])('is refused: %j', async (text, code) => {
    await expect(read(text)).rejects.toMatchObject({ code: expect.stringMatching(code) })
  })
})
