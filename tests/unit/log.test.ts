// biome-ignore-all lint/suspicious/noExplicitAny: a log takes anything, that is what is tested
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import axios from 'axios'
import { describe, expect, test } from 'vitest'
import { configError } from '../../src/core/errors/config.ts'
import { createLog } from '../../src/runtime/log.ts'
import { redactText } from '../../src/runtime/log-redact.ts'

/** A buyer, wherever she turns up. */
const PERSON = {
  name: '王小明 Maria Gonzalez',
  phone: '13812345678',
  email: 'maria@example.com',
  address: 'Calle Mayor 1, 28013 Madrid',
  token: 'shpat_0123456789',
}
const LEAKS = ['王小明', 'Maria', 'Gonzalez', '13812345678', 'maria@', 'Calle', 'Madrid', 'shpat_']

/** Everything a log wrote, and its lines parsed. */
function capture(write: (log: ReturnType<typeof createLog>) => void): { text: string; lines: any[] } {
  let text = ''
  write(
    createLog({
      level: 'debug',
      destination: {
        write: (line: string) => {
          text = text + line
        },
      },
    }),
  )
  return {
    text,
    lines: text
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l)),
  }
}

function expectNoLeak(text: string) {
  for (const leak of LEAKS) expect(text).not.toContain(leak)
}

async function failure(run: () => Promise<unknown>): Promise<Error> {
  try {
    await run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

describe('log', () => {
  test('one line per event, with time, level, connection and order key', () => {
    const { lines } = capture((log) =>
      log.info({ event: 'push.confirmed', connection: 'nc', order: 'web/13812345678', ms: 4 }),
    )
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      level: 'info',
      event: 'push.confirmed',
      connection: 'nc',
      order: 'web/13812345678',
      ms: 4,
    })
    expect(new Date(lines[0].time).getTime()).toBeGreaterThan(0)
  })

  test('a real axios error keeps what happened and loses headers, bodies and addresses', async () => {
    const server = createServer((_, res) => {
      res.writeHead(422, { 'content-type': 'application/json', 'x-buyer': 'Maria' })
      res.end(JSON.stringify({ refused: PERSON }))
    })
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders?token=shpat_1&phone=13812345678`
    const error = await failure(() =>
      axios.post(url, PERSON, { headers: { authorization: 'Bearer shpat_0123456789' } }),
    )
    await new Promise((closed) => server.close(closed))
    // It really carries all of it.
    expect(JSON.stringify((error as any).config)).toContain('shpat_')
    expect(JSON.stringify((error as any).response.data)).toContain('Maria')
    for (const write of [
      (log: any) => log.error({ event: 'call.failed', connection: 'web', error }),
      (log: any) => log.error({ event: 'call.failed', err: error }, 'failed'),
      (log: any) => log.error(error, 'failed'),
      (log: any) => log.child({ error }).error({ event: 'x', cause: error, inner: { deep: error } }),
    ]) {
      const { text, lines } = capture(write)
      expectNoLeak(text)
      expect(text).toContain('status code 422')
      expect(lines).toHaveLength(1)
    }
  })

  test('a real PGlite error loses query, parameters and the value it quotes', async () => {
    const db = await PGlite.create()
    await db.exec('CREATE TABLE buyer (phone text PRIMARY KEY, n int)')
    await db.query('INSERT INTO buyer VALUES ($1, 1)', [PERSON.phone])
    const errors = [
      await failure(() => db.query('INSERT INTO buyer VALUES ($1, $2::text::int)', ['1', PERSON.name])),
      await failure(() => db.query('INSERT INTO buyer VALUES ($1, 2)', [PERSON.phone])),
    ]
    await db.close()
    expect(JSON.stringify(errors.map((e) => ({ ...e, m: e.message })))).toContain('Maria')
    for (const error of errors) {
      const wrapped = configError('CONFIG_FILE_UNREADABLE', { file: 'x', reason: 'y' }, error)
      const { text, lines } = capture((log) => log.error({ event: 'x', error, wrapped }))
      expectNoLeak(text)
      expect(lines[0].error.code).toMatch(/^(22P02|23505)$/)
      expect(lines[0].wrapped).toMatchObject({ code: 'CONFIG_FILE_UNREADABLE', kind: 'config' })
      expect(lines[0].wrapped.cause.code).toBe(lines[0].error.code)
      expect(lines[0].error.stack).toMatch(/^\s+at /)
    }
  })

  test('a JSON error does not quote the document', async () => {
    const error = await failure(async () => JSON.parse(`Maria ${PERSON.phone}`))
    expect(error.message).toContain('Maria')
    expectNoLeak(capture((log) => log.error({ event: 'x', error })).text)
  })

  test('fields that name people or secrets, and payloads at any depth', () => {
    const { text, lines } = capture((log) =>
      log.child({ event: 'x', connection: 'web', authorization: 'Bearer shpat_1' }).info(
        {
          buyer: PERSON,
          nested: { shipTo: PERSON, receiverName: PERSON.name, api_key: 'shpat_2', 收货人姓名: '王小明' },
          body: Buffer.from(PERSON.name),
          payload: { order: { email: PERSON.email } },
          list: [{ mobile: PERSON.phone }, PERSON.email],
          settings: { any: 'shpat_3' },
          count: 3,
        },
        `written for ${PERSON.email}, tel ${PERSON.phone}, Authorization: Bearer shpat_0123456789`,
      ),
    )
    expectNoLeak(text)
    expect(lines[0]).toMatchObject({ connection: 'web', count: 3, body: expect.stringContaining('object') })
  })

  test('texts keep order numbers, versions, dates and durations', () => {
    const text = 'order 7000000000001 (#1001) of 2026-01-01T00:00:00Z in 1500 ms by 0.1.0 as SO2026010100001'
    expect(redactText(text)).toBe(text)
    expect(redactText('postgres://root:geheim@db/x')).toBe('postgres://[redacted]@db/x')
    expect(redactText('call +34 600 123 456 or 138-1234-5678')).toBe('call [redacted] or [redacted]')
    expect(redactText('GET /x?access_token=abc&page=2')).toBe('GET /x?access_token=[redacted]&page=2')
  })
})
