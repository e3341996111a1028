/**
 * Recorded exchanges: `fixtures/<stream, kind or topic>.<case>.json`, one exchange each. The first word of the case
 * says what it is: list, fetch, write, find, step, discard, check, webhook; any other (login) only supports them.
 */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sliceValue } from '../connector/peek.ts'
import { connectorError } from '../core/errors/connector.ts'
import { TributaryError } from '../core/errors/error.ts'

export interface Fixture {
  file: string
  /** Before the first point of the name. */
  of: string
  /** `list`, `write`…: letters of the case before a hyphen. */
  what: string
  request: { method: string; path: string; headers?: Record<string, string>; body?: unknown }
  response: { status: number; headers?: Record<string, string>; body?: unknown }
  text: string
}

/** `<stream>.rows.json`: `{ "rows": […] }`, records as a query gives them; `<stream>.file.csv`: a file as it would lie there. */
export interface Sample {
  file: string
  of: string
  what: 'rows' | 'file'
  bytes: Buffer
}

const SAMPLE = /^([a-zA-Z0-9_-]+)\.(rows\.json|file\.\w+)$/

/** All samples of a folder, sorted by name; none where it is not there. */
export async function readSamples(folder: string): Promise<Sample[]> {
  if (!existsSync(folder)) return []
  const found = (await readdir(folder)).sort().flatMap((name) => {
    const [, of, what] = SAMPLE.exec(name) ?? []
    return of && what
      ? [{ name, of, what: what.startsWith('rows') ? ('rows' as const) : ('file' as const) }]
      : []
  })
  return Promise.all(
    found.map(async ({ name, of, what }) => {
      const file = join(folder, name)
      return { file, of, what, bytes: await readFile(file) }
    }),
  )
}

/** All fixtures of a folder, sorted by name; none where it is not there. Throws CONNECTOR_FIXTURE. */
export async function readFixtures(folder: string): Promise<Fixture[]> {
  if (!existsSync(folder)) return []
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json') && !SAMPLE.test(name)).sort()
  return Promise.all(names.map((name) => readFixture(join(folder, name), name)))
}

async function readFixture(file: string, name: string): Promise<Fixture> {
  const text = await readFile(file, 'utf8')
  const fail = (en: string, zh: string) => connectorError('CONNECTOR_FIXTURE', { file, reason: { en, zh } })
  const [, of, what] = /^([a-zA-Z0-9_-]+)\.([a-z]+)[\w.-]*\.json$/.exec(name) ?? []
  if (!of || !what)
    throw fail('its name is not <stream or kind>.<case>.json', '文件名不是 <流或单据>.<用例>.json')
  try {
    const { request, response } = JSON.parse(text) as Partial<Fixture>
    if (typeof request?.method !== 'string' || !request.path?.startsWith('/'))
      throw fail(
        'request.method or request.path (from /) is missing',
        '缺少 request.method 或以 / 开头的 request.path',
      )
    if (typeof response?.status !== 'number') throw fail('response.status is missing', '缺少 response.status')
    return { file, of, what, request, response, text }
  } catch (error) {
    if (error instanceof TributaryError) throw error
    throw fail(`not JSON: ${(error as Error).message}`, `不是 JSON：${(error as Error).message}`)
  }
}

/** The body of an answer as bytes: text as it stands, everything else as JSON. */
export function answerBytes({ response }: Fixture, text: string): Buffer {
  const { body } = response
  if (body === undefined || body === null) return Buffer.alloc(0)
  if (typeof body === 'string') return Buffer.from(body)
  // cut out of the file, so that numbers keep their digits
  const exact = sliceBody(text)
  return exact ?? Buffer.from(JSON.stringify(body))
}

function sliceBody(text: string): Buffer | null {
  const bytes = Buffer.from(text)
  return sliceValue(bytes, 'response.body')
}
