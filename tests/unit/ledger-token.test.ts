import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createSeal, readKey } from '../../src/core/seal.ts'
import { createTokenMemory, type StoredToken } from '../../src/core/token-store.ts'
import { createTokenTable } from '../../src/ledger/remote-token.ts'
import { LEDGERS, type TestLedger } from '../support/ledgers.ts'

const token = (n: number): StoredToken => ({ token: `t${n}`, refresh: `r${n}`, expiresAt: null })

describe('the seal', () => {
  const seal = createSeal(randomBytes(32))

  it('opens what it closed, and only that', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.nat(), (text, about, other, at) => {
        const sealed = seal.close(text, about)
        expect(seal.open(sealed, about)).toBe(text)
        expect(createSeal(randomBytes(32)).open(sealed, about)).toBeNull()
        if (other !== about) expect(seal.open(sealed, other)).toBeNull()
        const broken = Buffer.from(sealed)
        broken[at % broken.length]! ^= 1
        expect(seal.open(broken, about)).toBeNull()
      }),
      { numRuns: 300 },
    )
  })

  it('never closes the same text twice in the same way', () => {
    expect(seal.close('x', 'a').equals(seal.close('x', 'a'))).toBe(false)
  })

  it('takes a key of 32 bytes, in base64 or hexadecimal', () => {
    const key = randomBytes(32)
    expect(readKey(key.toString('base64'))).toEqual(key)
    expect(readKey(` ${key.toString('hex')}\n`)).toEqual(key)
    for (const wrong of [
      '',
      'secret',
      randomBytes(16).toString('base64'),
      randomBytes(33).toString('base64'),
    ])
      expect(readKey(wrong)).toBeNull()
  })
})

it('a store in memory renews once for all who ask together', async () => {
  const store = createTokenMemory()
  let made = 0
  const make = async () => {
    await sleep(10)
    return token(++made)
  }
  const all = await Promise.all([1, 2, 3].map(() => store.renew('a', null, make)))
  expect(all.map((t) => t.token)).toEqual(['t1', 't1', 't1'])
  expect((await store.renew('a', 't1', make)).token).toBe('t2')
  expect((await store.renew('a', 't1', make)).token).toBe('t2')
})

describe.each(LEDGERS)('tokens in the ledger over $name', (kind) => {
  const key = randomBytes(32)
  let at: TestLedger
  beforeAll(async () => {
    if (!kind.missing) at = await kind.open()
  }, 60_000)
  afterAll(() => at?.close())
  beforeEach(async ({ skip }) => {
    skip(kind.missing !== null, kind.missing ?? '')
    await at.db.query('truncate remote_token')
  })
  const open = () => createTokenTable(at.db, createSeal(key))

  it('are renewed once over all processes, each time with the refresh token of the time before', async () => {
    const stores = [open(), open(), open()]
    const asked: (string | null)[] = []
    const make = async (old: StoredToken | null) => {
      asked.push(old?.refresh ?? null)
      await sleep(50)
      return token(asked.length)
    }
    const first = await Promise.all(stores.map((s) => s.renew('shop', null, make)))
    expect(first.map((t) => t.token)).toEqual(['t1', 't1', 't1'])
    const second = await Promise.all(stores.map((s) => s.renew('shop', 't1', make)))
    expect(second.map((t) => t.token)).toEqual(['t2', 't2', 't2'])
    expect(asked).toEqual([null, 'r1'])
    expect(await open().read('shop')).toEqual(token(2))
  })

  it('of a renewal that failed are left as they were, and the next one tries', async () => {
    const store = open()
    await store.renew('shop', null, async () => token(1))
    await expect(store.renew('shop', 't1', () => Promise.reject(new Error('down')))).rejects.toThrow('down')
    expect(await store.read('shop')).toEqual(token(1))
    expect((await store.renew('shop', 't1', async () => token(2))).token).toBe('t2')
  })

  it('whose renewer died are renewed by another after its lease', async () => {
    await at.db.query(
      `insert into remote_token (connection, holder, lease_until) values ('shop', 'dead', now() + interval '1 s')`,
    )
    const began = Date.now()
    expect((await open().renew('shop', null, async () => token(1))).token).toBe('t1')
    expect(Date.now() - began).toBeGreaterThan(500)
  })

  it('are unreadable at rest, in another row and with another key', async () => {
    await open().renew('shop', null, async () => ({ ...token(1), token: 'very-secret' }))
    const { rows } = await at.db.query<{ sealed: Buffer }>('select sealed from remote_token')
    expect(Buffer.from(rows[0]!.sealed).toString('latin1')).not.toContain('very-secret')
    await at.db.query(
      `insert into remote_token (connection, sealed) select 'other', sealed from remote_token`,
    )
    expect(await open().read('other')).toBeNull()
    expect(await createTokenTable(at.db, createSeal(randomBytes(32))).read('shop')).toBeNull()
  })
})
