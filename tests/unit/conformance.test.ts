/** Every check of the kit catches a connector that is broken on purpose in just that way. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Check, Finding } from '../../src/conformance/finding.ts'
import { runKit } from '../../src/conformance/kit.ts'
import { answersFrom } from '../../src/conformance/new-answers.ts'
import { writeConnector } from '../../src/conformance/new-connector.ts'

let root = ''
let folder = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-kit-'))
  folder = join(root, 'connectors/acme')
  await writeConnector(root, answersFrom('acme', { title: 'Acme', base: 'https://acme.example' }))
  await edit('connector.yaml', (text) => text.replace(/^check: /m, `${MORE}check: `))
  await edit('connector.yaml', (text) => text.replace('size: 50', 'size: 4'))
  await edit('coverage.yaml', (text) => `${text}  shipment.out: { proof: [fixture] }\n`)
  await writeFile(join(root, 'mappings/acme/shipment.out.yaml'), OUT)
  await writeFile(join(root, 'mappings/acme/shipment.out.test.yaml'), OUT_TEST)
  await writeFile(join(folder, 'fixtures/shipment.write.json'), WRITE)
  await writeFile(join(folder, 'fixtures/shipment.find.json'), FIND)
})
afterEach(() => rm(root, { recursive: true }))

/** A write and a signed webhook beside the orders of the generated connector. */
const MORE = `write:
  shipment:
    class: find
    settle: 30s
    mapping: shipment.out
    post: /parcels
    key: ref
    find: { get: "/parcels?ref={key}", each: parcels }
    remote: { id: id }
webhooks:
  changed:
    stream: order
    verify:
      with: hmac-sha256
      key: "{token}"
      text: "{header.x-time}.{body}"
      header: x-sign
      time: { header: x-time, unit: seconds, tolerance: 5m }
    record: id
`
const OUT = 'from: shipment\nto: acme/shipment\nfields:\n  order: order\n  code: trackingNumber\n'
const OUT_TEST = `cases:
  - name: one
    input: { order: "9007199254740993", trackingNumber: T1 }
    expect: { order: "9007199254740993", code: T1 }
`
const WRITE = JSON.stringify({
  request: { method: 'POST', path: '/parcels', body: { order: '1', code: 'T1', ref: 'K' } },
  response: { status: 201, body: { id: '77', ref: '{key}' } },
})
const FIND = JSON.stringify({
  request: { method: 'GET', path: '/parcels?ref=K' },
  response: { status: 200, body: { parcels: [{ id: '77', ref: '{key}' }] } },
})

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const path = file.includes('/') ? join(root, file) : join(folder, file)
  const before = await readFile(path, 'utf8')
  const after = change(before)
  expect(after).not.toBe(before)
  await writeFile(path, after)
}

const replace = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to)

async function failures(): Promise<Finding[]> {
  return (await runKit(folder)).findings.filter((f) => f.state === 'failed')
}

const caught = async (check: Check) => expect((await failures()).map((f) => f.check)).toContain(check)

describe('a connector as it should be', () => {
  it('passes, and says how each thing was proven', async () => {
    const report = await runKit(folder)
    expect(report.findings.filter((f) => f.state === 'failed')).toEqual([])
    expect(report.passed).toBe(true)
    const proven = new Set(report.findings.map((f) => f.by))
    expect([...proven]).toEqual(expect.arrayContaining(['files', 'model', 'fixtures', 'failing-server']))
  })

  it.each([
    ['number, backwards', '{ style: number, total: total, backwards: true, size: 4 }'],
    ['token', '{ style: token, next: next, size: 4 }'],
    ['link', '{ style: link, size: 4 }'],
  ])('is read to its end whatever the page style: %s', async (_, page) => {
    await edit('connector.yaml', replace(/page: \{ style: clock[^}]*\}/, `page: ${page}`))
    await edit('connector.yaml', replace('page: "{page}"', 'page: "{page}", next: "{next}"'))
    // what was recorded speaks of no total
    const { findings } = await runKit(folder)
    expect(findings.filter((f) => f.state === 'failed' && f.check !== 'fixtures')).toEqual([])
    expect(findings.find((f) => f.check === 'gaps-changes')).toMatchObject({ state: 'ok' })
  })

  it('is read by a wall clock, over the gap and the overlap', async () => {
    const clock = '{ format: "yyyy-MM-dd HH:mm:ss", zone: Europe/Berlin }'
    await edit('connector.yaml', replace('clock: iso', `clock: ${clock}`))
    const { findings } = await runKit(folder)
    const summer = findings.find((f) => f.check === 'gaps-summer-time')
    expect(summer).toMatchObject({ state: 'ok', by: 'model' })
    expect(findings.filter((f) => f.check.startsWith('gaps-') && f.state !== 'ok')).toEqual([])
  })
})

const YAML = 'connector.yaml'
const NUMBERED = '{ style: number, size: 4 }'
const BROKEN: [check: Check, how: string, file: string, change: (text: string) => string][] = [
  ['manifest', 'a token that is no secret', YAML, replace('secret: true, ', '')],
  ['coverage', 'a write of which nothing is said', 'coverage.yaml', replace(/ {2}shipment.*\n/, '')],
  [
    'coverage',
    'what nobody declares is said to work',
    'coverage.yaml',
    (t) => `${t}  stock.in: { proof: [sandbox] }\n`,
  ],
  [
    'coverage',
    'fixtures that its proof does not name',
    'coverage.yaml',
    replace('shipment.out: { proof: [fixture]', 'shipment.out: { proof: [sandbox]'),
  ],
  ['readme', 'no word of limits', 'README.md', replace('## Limits', '## Notes')],
  [
    'secrets',
    'a key in a fixture',
    'fixtures/order.list.json',
    replace('"status": 200', '"status": 200, "headers": {"token": "Zb81fhKq20"}'),
  ],
  ['fixtures', 'a path that was never recorded', YAML, replace('get: /orders\n', 'get: /sales\n')],
  [
    'fixtures',
    'a mapping that makes no valid order',
    'mappings/acme/order.in.yaml',
    replace('  charges: []\n', ''),
  ],
  [
    'pages',
    'a page number that is not sent',
    YAML,
    (t) => replace('page: "{page}", ', '')(replace(/page: \{ style: clock[^}]*\}/, `page: ${NUMBERED}`)(t)),
  ],
  [
    'pages',
    'no way to go on',
    YAML,
    replace(/page: \{ style: clock[^}]*\}/, 'page: { style: token, next: cursor, size: 4 }'),
  ],
  [
    'gaps-changes',
    'pages that are counted while records leave',
    YAML,
    replace(/page: \{ style: clock[^}]*\}/, `page: ${NUMBERED}`),
  ],
  [
    'gaps-clock',
    'a window of whole days',
    YAML,
    replace('clock: iso', 'clock: { format: "yyyy-MM-dd", zone: Asia/Shanghai }'),
  ],
  [
    'gaps-summer-time',
    'a clock without hours',
    YAML,
    replace('clock: iso', 'clock: { format: "yyyy-MM-dd", zone: Europe/Berlin }'),
  ],
  [
    'gaps-late',
    'an index that is believed at once',
    YAML,
    (t) => t.replace('lag: 1m', 'lag: 0s').replace('overlap: 5m', 'overlap: 0s'),
  ],
  ['gaps-standing', 'no pages within one instant', YAML, replace('page: "{page}", ', '')],
  ['numbers', 'an id that is taken from a counter', YAML, replace('id: id\n', 'id: kit.revision\n')],
  [
    'newest',
    'a version that never moves',
    'mappings/acme/order.in.yaml',
    replace('version: $instant(updated_at)', `version: "'1'"`),
  ],
  [
    'failures-read',
    'a failing server taken for a wrong request',
    YAML,
    replace('  timeout: 30s', '  timeout: 30s\n  errors: { 5xx: input }'),
  ],
  [
    'failures-write',
    'a failing server taken for a refusal',
    YAML,
    replace('  timeout: 30s', '  timeout: 30s\n  errors: { 5xx: input }'),
  ],
  ['signature', 'a body that is not signed', YAML, replace('{header.x-time}.{body}', '{header.x-time}')],
  [
    'write-twice',
    'a find that does not ask for the key',
    YAML,
    (t) => t.replace('    key: ref\n', '').replace('?ref={key}', ''),
  ],
  ['write-lost-answer', 'a key that is never sent', YAML, replace('    key: ref\n', '')],
  [
    'write-twice',
    'a remote that is trusted to refuse doubles',
    YAML,
    replace('class: find', 'class: resend-safe'),
  ],
]

describe('a remote that keeps no foreign key', () => {
  const byNumber = (hits: string) => (text: string) =>
    text
      .replace('    key: ref\n', '')
      .replace(
        'find: { get: "/parcels?ref={key}", each: parcels }',
        `find: { get: "/orders/{document.order}", hits: "${hits}" }`,
      )
      .replace('remote: { id: id }', 'remote: { id: "{document.code}" }')
  const held = (...codes: string[]) => ({
    request: { method: 'GET', path: '/orders/9007199254740993' },
    response: { status: 200, body: { parcels: codes.map((code) => ({ code })) } },
  })
  const prepared = async (hits: string) => {
    await edit(YAML, byNumber(hits))
    const write = { request: { method: 'POST', path: '/parcels', body: { order: '1', code: 'T1' } } }
    const files = {
      write: { ...write, response: { status: 201, body: {} } },
      find: held('T0', 'T1'),
      absent: held('T0'),
    }
    for (const [what, exchange] of Object.entries(files))
      await writeFile(join(folder, `fixtures/shipment.${what}.json`), JSON.stringify(exchange))
  }

  it('is proven by what its finds were answered with, before and after', async () => {
    await prepared('parcels[code = $document.code] ? {}')
    const { findings } = await runKit(folder)
    const about = findings.filter((f) => f.about === 'shipment' && f.check.startsWith('write-'))
    expect(about.map((f) => [f.check, f.state])).toEqual([
      ['write-twice', 'ok'],
      ['write-lost-answer', 'ok'],
    ])
  })

  it("write-twice: a find that takes another's parcel for ours", async () => {
    await prepared('parcels ? {}')
    await caught('write-twice')
  })
})

describe('a broken connector is caught', () => {
  it.each(BROKEN)('%s: %s', async (check, _, file, change) => {
    const path = file.includes('/') && !file.startsWith('mappings') ? `connectors/acme/${file}` : file
    await edit(path, change)
    await caught(check)
  })

  const hooks = (page: string) => `import type { Hooks } from 'tributary/hooks'
const read = async (request: { since: Date; until: Date }, tools: any, signal: AbortSignal) => {
  const path = \`/orders?updated_from=\${request.since.toISOString()}&updated_to=\${request.until.toISOString()}&page=1&limit=50\`
  const answer = await tools.http({ method: 'GET', path, signal })
  ${page}
}
export default { read: { order: { page: read } } } satisfies Hooks
`
  it('failures-read: a hook that takes every answer for an empty page', async () => {
    await writeFile(
      join(folder, 'hooks.ts'),
      hooks('return { records: [], next: answer.status < 0 ? 1 : null }'),
    )
    await caught('failures-read')
  })

  it('fixtures: a hook that finds nothing in what was recorded', async () => {
    await writeFile(join(folder, 'hooks.ts'), hooks('tools.ok(answer); return { records: [], next: null }'))
    await caught('fixtures')
  })

  it('twice: a hook of a webhook that stamps each delivery', async () => {
    const text = `import type { Hooks } from 'tributary/hooks'
let n = 0
export default { webhooks: { changed: { read: (_h, body) => ({ stream: 'order', deliveryId: null, fetch: [], records: [{ id: '1', shape: 'order', contentType: 'application/json', body: Buffer.from(String(n++) + body) }] }) } } } satisfies Hooks
`
    await writeFile(join(folder, 'hooks.ts'), text)
    await caught('twice')
  })

  it('charset: a hook that decodes what is not UTF-8', async () => {
    const text = `import type { Hooks } from 'tributary/hooks'
export default { webhooks: { changed: { read: (_h, body) => ({ stream: 'order', deliveryId: 'd', fetch: [], records: [{ id: '1', shape: 'order', contentType: 'application/json', body: Buffer.from(body.toString()) }] }) } } } satisfies Hooks
`
    await writeFile(join(folder, 'hooks.ts'), text)
    await caught('charset')
  })

  it('old-signature: a sender whose old signatures are taken for a year', async () => {
    await edit(YAML, replace('tolerance: 5m', 'tolerance: 365d'))
    await caught('old-signature')
  })

  it('signature: a webhook without any proof', async () => {
    await edit(YAML, replace(/ {4}verify:\n(?: {6}.*\n)+/, ''))
    await caught('signature')
  })
})

describe('what cannot be proven is not said to be', () => {
  it('a list that is a hook', async () => {
    const text = `import type { Hooks } from 'tributary/hooks'
export default { read: { order: { page: async (_r, tools) => tools.broken('never') } } } satisfies Hooks
`
    await writeFile(join(folder, 'hooks.ts'), text)
    const { findings } = await runKit(folder)
    const lists = findings.filter((f) => f.check === 'pages' || f.check.startsWith('gaps-'))
    expect(lists.length).toBeGreaterThan(3)
    expect(lists.filter((f) => f.state === 'ok')).toEqual([])
  })

  it('a condition of success that no answer can be made of', async () => {
    await edit(YAML, replace('  timeout: 30s', '  timeout: 30s\n  answer: { ok: "$length(proof) > 3" }'))
    const { findings } = await runKit(folder)
    expect(findings.find((f) => f.check === 'pages')).toMatchObject({ state: 'not-applicable' })
  })

  it('a list of which nothing ever leaves says why', async () => {
    await edit(YAML, replace(/page: \{ style: clock[^}]*\}/, `page: ${NUMBERED}`))
    await writeFile(
      join(folder, 'conformance.yaml'),
      'stable: { order: the window is about creation which never changes }\n',
    )
    const { findings } = await runKit(folder)
    expect(findings.find((f) => f.check === 'gaps-changes')).toMatchObject({ state: 'not-applicable' })
  })
})

describe('waivers', () => {
  const waive = (text: string) => writeFile(join(folder, 'waivers.yaml'), text)
  const reason = 'a reason that is long enough to be one'

  it('turn a failure into what it is, with the reason', async () => {
    await edit('README.md', replace('## Limits', '## Notes'))
    await waive(`readme: ${reason}\n`)
    const { findings, passed } = await runKit(folder)
    expect(findings.find((f) => f.check === 'readme')).toMatchObject({ state: 'waived', say: reason })
    expect(passed).toBe(true)
  })

  it.each([
    `readme: ${reason}\nfixtures: ${reason}\n`,
    `write-twice: ${reason}\n`,
    `gaps-late: ${reason}\n`,
    `signature: ${reason}\n`,
    `nonsense: ${reason}\n`,
  ])('are refused: %j', async (text) => {
    await waive(text)
    await expect(runKit(folder)).rejects.toMatchObject({ code: 'CONNECTOR_WAIVER' })
  })
})
