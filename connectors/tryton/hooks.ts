import type { Hooks, Outcome, RawRecord, Remote, Tools, WriteItem } from 'tributary/hooks'

type Failed = Exclude<Outcome, { kind: 'done' }>
type Call = { tools: Tools; signal: AbortSignal }
type Session = { user: number; headers: Record<string, string>; context: object }
type Row = { id: number } & Record<string, unknown>
type Sale = { id: number; number: string | null; state: string; total_amount: { decimal: string } }
type Move = Row & { shipment: string; package: number | null; origin: string | null }
/** What mappings/tryton/order.out.yaml makes; in it `{ find, where, read }` stands for what Tryton knows by a code. */
type Wanted = { sale: object; rounding: object | null; tolerance: number; total: string }
type Reference = { find: string; where: Record<string, string>; read: string }

const SALE = ['number', 'state', 'total_amount']
const SHIPMENT = 'number reference write_date effective_date warehouse.code carrier.party.name'.split(' ')
const PACKAGE = 'package.shipping_reference package.write_date package.create_date'.split(' ')
const MOVE = ['shipment', 'origin', 'quantity', 'product.code', 'package', ...PACKAGE]
const ORIGIN = ['note', 'sale.reference', 'sale.number']
const PAGE = 50

const stop = (failed: Failed, warning?: string) =>
  Object.assign(new Error(failed.message), { failed, warning })
const refused = (code: string, message: string, warning?: string) =>
  stop({ kind: 'refused', code: `TRYTON_${code}`, message }, warning)
const unsure = (code: string, message: string) => stop({ kind: 'unknown', code: `TRYTON_${code}`, message })
const failedOf = (error: unknown, tools: Tools) =>
  (error as { failed?: Failed }).failed ?? tools.failed(error)

/** One JSON-RPC call. Business errors come with HTTP 200, after Tryton has rolled back: nothing was written. */
async function post<T>({ tools, signal }: Call, method: string, params: unknown[], headers = {}): Promise<T> {
  const body = JSON.stringify({ id: 1, method, params })
  const path = `/${tools.settings.database}/`
  const answer = await tools.http({ method: 'POST', path, headers, body, signal })
  const failed = tools.outcome(answer)
  if (failed) throw stop(failed)
  const { result, error } = tools.json(answer.body) as { result: T; error?: [string, unknown] }
  if (!error) return result
  const [first = error[0], second = first] = Array.isArray(error[1]) ? error[1].map(String) : []
  if (error[0] === 'UserWarning') throw refused('WARNING', second, first)
  if (error[0] === 'ConcurrencyException')
    throw stop({ kind: 'not-done', code: 'TRYTON_CONCURRENCY', message: first })
  throw refused(error[0] === 'UserError' ? 'USER_ERROR' : 'ERROR', first.slice(0, 300))
}

/** Logs in. Whatever fails here, the call itself was never sent: not-done, not unknown. */
async function session(call: Call): Promise<Session> {
  const { memory, settings } = call.tools
  if (memory.has('session')) return memory.get('session') as Session
  const { username, password } = settings
  try {
    const [user, token] = await post<[number, string]>(call, 'common.db.login', [
      username,
      { password },
      'en',
    ])
    const proof = Buffer.from(`${username}:${user}:${token}`).toString('base64')
    const headers = { Authorization: `Session ${proof}` }
    const context = await post<object>(call, 'model.res.user.get_preferences', [true, {}], headers)
    memory.set('session', { user, headers, context })
    return { user, headers, context }
  } catch (error) {
    throw stop({ ...failedOf(error, call.tools), kind: 'not-done' })
  }
}

/** A method of a model. An ended session answers 401 before anything runs: log in again, once. */
async function rpc<T>(call: Call, method: string, params: unknown[], again = true): Promise<T> {
  const { headers, context } = await session(call)
  return post<T>(call, `model.${method}`, [...params, context], headers).catch((error) => {
    if (!again || failedOf(error, call.tools).code !== 'HTTP_401') throw error
    call.tools.memory.delete('session')
    return rpc<T>(call, method, params, false)
  })
}

const search = <T>(
  call: Call,
  model: string,
  domain: unknown[],
  fields: string[],
  limit: number | null = null,
) => rpc<T[]>(call, `${model}.search_read`, [domain, 0, limit, [['id', 'ASC']], fields])

/** Presses a button of a sale. A warning goes through once this user has accepted it by its name. */
async function press(call: Call, button: string, id: number, warnings = 9): Promise<void> {
  await rpc(call, `sale.sale.${button}`, [[id]]).catch(async (error: { warning?: string }) => {
    if (!error.warning || warnings === 0 || !call.tools.settings.acceptWarnings) throw error
    const { user } = await session(call)
    await rpc(call, 'res.user.warning.create', [[{ user, name: error.warning, always: false }]])
    await press(call, button, id, warnings - 1)
  })
}

/** Puts what Tryton knows in the place of references. It is remembered until Tryton refuses something. */
async function resolve(call: Call, value: unknown): Promise<unknown> {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return Array.fromAsync(value, (v) => resolve(call, v))
  const fields = Object.entries(value)
  if (!('find' in value))
    return Object.fromEntries(await Array.fromAsync(fields, async ([k, v]) => [k, await resolve(call, v)]))
  const { find, where, read } = value as Reference
  const [by = ['', '']] = Object.entries(where)
  const name = `${find} ${by} ${read}`
  if (!call.tools.memory.has(name)) {
    const [row] = await search<Row>(call, find, [[by[0], '=', by[1]]], [read], 1)
    if (!row) throw refused('MASTER_MISSING', `there is no ${find} with ${by.join(' ')}`)
    const [first = '', second] = read.split('.')
    call.tools.memory.set(name, second ? ((row[`${first}.`] as Row | null)?.[second] ?? []) : row[first])
  }
  return call.tools.memory.get(name)
}

/** Decimal text as a whole number of its last digit, without floats: ('10.5', 2) is 1050. */
const minor = (text: string, digits: number) =>
  Number(text.replace(/(\.\d*)?$/, (f) => f.slice(1).padEnd(digits, '0').slice(0, digits)))

/**
 * A draft gets the line that makes Tryton's total meet the shop's, then is quoted. What Tryton refuses is deleted,
 * so that the refusal holds: nothing is left. After any other failure the draft stands, so that is in doubt.
 */
async function prepare(call: Call, id: number, wanted: Wanted): Promise<Sale> {
  try {
    const sale = await read(call, id)
    if (sale.state !== 'draft') return sale
    const digits = wanted.total.split('.')[1]?.length ?? 0
    const off = minor(wanted.total, digits) - minor(sale.total_amount.decimal, digits)
    const states = `Tryton makes it ${sale.total_amount.decimal}, the shop ${wanted.total}`
    if (off !== 0 && (!wanted.rounding || Math.abs(off) > wanted.tolerance)) throw refused('TOTAL', states)
    const unit_price = { __class__: 'Decimal', decimal: (off / 10 ** digits).toFixed(digits) }
    const line = off === 0 ? null : { ...((await resolve(call, wanted.rounding)) as object), unit_price }
    if (line) await rpc(call, 'sale.sale.write', [[id], { lines: [['create', [line]]] }])
    await press(call, 'quote', id)
    return await read(call, id)
  } catch (error) {
    const failed = failedOf(error, call.tools)
    if (failed.kind !== 'refused') throw stop({ ...failed, kind: 'unknown' })
    await remove(call, id)
    throw error
  }
}

const read = async (call: Call, id: number) => (await rpc<Sale[]>(call, 'sale.sale.read', [[id], SALE]))[0]!

/** Deletes a draft. Only what is in state draft can be deleted, so a quotation is taken back first. */
async function remove(call: Call, id: number): Promise<void> {
  call.tools.memory.clear()
  try {
    await press(call, 'draft', id)
    await rpc(call, 'sale.sale.delete', [[id]])
  } catch (error) {
    throw unsure('DRAFT_STAYS', `sale ${id} could not be deleted: ${failedOf(error, call.tools).message}`)
  }
}

const byKey = (call: Call, key: string) => search<Sale>(call, 'sale.sale', [['reference', '=', key]], SALE)

function remote(sale: Sale): Remote {
  const draft = sale.state === 'draft' || sale.state === 'quotation'
  const total = sale.state === 'draft' ? null : sale.total_amount.decimal
  return { id: String(sale.id), number: sale.number, state: draft ? 'draft' : 'final', total }
}

/** Steps create, balance, quote; a sale under the key is taken up where it stands. */
async function write(call: Call, item: WriteItem): Promise<Remote> {
  const wanted = JSON.parse(item.body.toString()) as Wanted
  const [there] = await byKey(call, item.key)
  if (there) return remote(await prepare(call, there.id, wanted))
  const [id] = await rpc<number[]>(call, 'sale.sale.create', [[await resolve(call, wanted.sale)]])
  return remote(await prepare(call, id!, wanted))
}

/** The last step, confirm. A button that does not apply is skipped without a word: the state is read back. */
async function advance(call: Call, item: WriteItem, id: number): Promise<Remote> {
  const sale = await prepare(call, id, JSON.parse(item.body.toString()) as Wanted)
  if (sale.state === 'quotation') await press(call, 'confirm', id)
  const now = await read(call, id)
  if (remote(now).state === 'draft') throw unsure('SKIPPED', `sale ${id} stays in state ${now.state}`)
  return remote(now)
}

const proved = (work: Promise<Remote>, tools: Tools): Promise<Outcome> =>
  work.then((done): Outcome => ({ kind: 'done', remote: done })).catch((error) => failedOf(error, tools))

function instant(at: Date) {
  const [year, month, day, hour, minute, second, ms] = at.toISOString().match(/\d+/g)!.map(Number)
  return { __class__: 'datetime', year, month, day, hour, minute, second, microsecond: ms! * 1000 }
}

/** Parcels of shipments that have left: one record per package, or one for a shipment without packages. */
async function parcels(
  call: Call,
  domain: unknown[],
  limit: number,
): Promise<{ records: RawRecord[]; last: number | null }> {
  const done = ['state', '=', 'done']
  const shipments = await search<Row>(call, 'stock.shipment.out', [done, ...domain], SHIPMENT, limit)
  const names = shipments.map((s) => `stock.shipment.out,${s.id}`)
  const out = [['shipment', 'in', names], ['to_location.type', '=', 'customer'], done]
  const moves = await search<Move>(call, 'stock.move', out, MOVE)
  const origins = moves.flatMap((m) =>
    m.origin?.startsWith('sale.line,') ? [Number(m.origin.slice(10))] : [],
  )
  const lines = await search<Row>(call, 'sale.line', [['id', 'in', origins]], ORIGIN)
  const groups = Map.groupBy(moves, (m) =>
    m.package ? `package-${m.package}` : `shipment-${m.shipment.split(',')[1]}`,
  )
  const records = [...groups].map(([parcel, held]) => {
    const shipment = shipments[names.indexOf(held[0]!.shipment)]
    const origin = lines.filter((l) => held.some((m) => m.origin === `sale.line,${l.id}`))
    const body = Buffer.from(JSON.stringify({ parcel, shipment, moves: held, lines: origin }))
    return { id: parcel, body, contentType: 'application/json', shape: 'shipment' }
  })
  return { records, last: shipments.length < limit ? null : shipments.at(-1)!.id }
}

const reading = <T>(work: Promise<T>, tools: Tools): Promise<T> =>
  work.catch((error) => {
    const failed = failedOf(error, tools)
    const config = failed.kind === 'refused' || 'pause' in failed
    return tools.broken(`${failed.code}: ${failed.message}`, config ? 'config' : 'transient')
  })

export default {
  read: {
    shipment: {
      async page({ since, until, resume }, tools, signal) {
        const within = (field: string) => [
          [field, '>=', instant(since)],
          [field, '<', instant(until)],
        ]
        const domain = [
          ['OR', within('write_date'), within('packages.write_date')],
          ['id', '>', resume ?? 0],
        ]
        const { records, last } = await reading(parcels({ tools, signal }, domain, PAGE), tools)
        return { records, next: last }
      },
      async fetch(ids, tools, signal) {
        const numbers = (kind: string) =>
          ids.flatMap((id) => (id.startsWith(kind) ? [Number(id.slice(kind.length))] : []))
        const domain = ['OR', ['id', 'in', numbers('shipment-')], ['packages', 'in', numbers('package-')]]
        const { records } = await reading(parcels({ tools, signal }, [domain], ids.length), tools)
        return records.filter((r) => ids.includes(r.id))
      },
    },
  },
  write: {
    order: {
      write: async ([item], tools, signal) => [await proved(write({ tools, signal }, item!), tools)],
      find: (item, tools, signal) =>
        byKey({ tools, signal }, item.key)
          .then((sales) => ({ hits: sales.map(remote) }))
          .catch((error) => ({ failed: failedOf(error, tools) })),
      advance: (item, { id }, tools, signal) => proved(advance({ tools, signal }, item, Number(id)), tools),
      discard: (_, { id }, tools, signal) =>
        proved(
          remove({ tools, signal }, Number(id)).then(() => ({ id, state: 'final' })),
          tools,
        ),
    },
  },
  async check(tools, signal) {
    const call = { tools, signal }
    const found = await search<Row>(call, 'party.party', [['code', '=', tools.settings.party]], ['name'])
    const { context } = await session(call)
    const company = (context as Record<string, unknown>)['company.rec_name']
    if (!found[0]) return { ok: false, say: `Tryton has no party with code ${tools.settings.party}` }
    return { ok: true, say: `Tryton answers; company ${company}` }
  },
} satisfies Hooks
