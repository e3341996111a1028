import type {
  FindAnswer,
  Hooks,
  Outcome,
  PageRequest,
  RawRecord,
  Remote,
  Tools,
  WriteItem,
} from 'tributary/hooks'

type Failed = Exclude<Outcome, { kind: 'done' }>
type Call = { tools: Tools; signal: AbortSignal }
type Row = { id: number; name: string; state: string } & Record<string, unknown>
type Cells = Record<string, unknown>
/** What the outgoing mappings make: a record by its external id, and the button that finishes it. */
type Wanted = {
  model: string
  xmlid: string
  values?: Cells
  lines?: { of: string; each: Cells[] }
  press: { method: string; states: string[]; context?: object }
  after?: Cells
  total?: string
  tax?: string
  currency?: string
}

const PAGE = 200
const SHOWN: Record<string, string> = {
  'sale.order': 'name state client_order_ref amount_total amount_tax currency_id date_order',
}
const PICKING = 'name state date_done carrier_id carrier_tracking_ref write_date sale_id picking_type_id'
const QUANT = 'product_id warehouse_id quantity reserved_quantity write_date'

const stop = (failed: Failed) => Object.assign(new Error(failed.message), { failed })
const refused = (code: string, message: string) =>
  stop({ kind: 'refused', code: `ODOO_${code}`, message: message.slice(0, 300) })
const unsure = (code: string, message: string) => stop({ kind: 'unknown', code: `ODOO_${code}`, message })
const failedOf = (error: unknown, tools: Tools) =>
  (error as { failed?: Failed }).failed ?? tools.failed(error)
const idOf = (pair: unknown) => (Array.isArray(pair) ? (pair[0] as number) : 0)

/** Odoo names the Python class of what went wrong, and has rolled back; the status alone misleads (a bad field is a 500). */
function raised(name: string, message: string, inBand = 0): Error {
  const failed = { code: `ODOO_${name.split('.').at(-1)!.toUpperCase()}`, message: message.slice(0, 300) }
  if (/Serialization|LockNotAvailable|Deadlock|Concurrency/.test(name))
    return stop({ kind: 'not-done', ...failed })
  const config = /OperationalError|AccessDenied|AccessError|Unauthorized|SessionExpired|werkzeug.*NotFound/
  if (inBand === 404 || config.test(name)) return stop({ kind: 'not-done', ...failed, pause: true })
  return stop({ kind: 'refused', ...failed })
}

async function post({ tools, signal }: Call, path: string, content: object): Promise<unknown> {
  const { database } = tools.settings
  const headers: Record<string, string> = {}
  if (database && path !== '/jsonrpc') headers['X-Odoo-Database'] = String(database)
  const answer = await tools.http({ method: 'POST', path, headers, body: JSON.stringify(content), signal })
  const failed = tools.outcome(answer)
  if (!failed) return tools.json(answer.body)
  let told: { name?: string; message?: string } = {}
  if (answer.body[0] === 123) told = tools.json(answer.body) as typeof told
  throw told.name ? raised(told.name, String(told.message)) : stop(failed)
}

async function rpc(call: Call, service: string, method: string, args: unknown[]): Promise<unknown> {
  const content = { jsonrpc: '2.0', method: 'call', id: 1, params: { service, method, args } }
  const answer = (await post(call, '/jsonrpc', content)) as { result?: unknown; error?: Cells }
  const { code, message, data } = (answer.error ?? {}) as { code?: number; message?: string; data?: Cells }
  if (answer.error) throw raised(String(data?.name), String(data?.message ?? message), code)
  return answer.result
}

/** Who we are under JSON-RPC. Whatever fails here, the call itself was never sent. */
async function user(call: Call): Promise<number> {
  const { memory, settings } = call.tools
  if (memory.has('uid')) return memory.get('uid') as number
  try {
    const uid = await rpc(call, 'common', 'authenticate', [
      settings.database,
      settings.login,
      settings.apiKey,
      {},
    ])
    if (!uid) throw raised('AccessDenied', 'Odoo does not know this database, login and key together')
    memory.set('uid', uid)
    return uid as number
  } catch (error) {
    const failed = failedOf(error, call.tools)
    throw stop(failed.kind === 'not-done' ? failed : { ...failed, kind: 'not-done' })
  }
}

/** A method of a model with named arguments, by either interface. `ids`: null for a method of the model itself. */
async function ask<T>(
  call: Call,
  model: string,
  method: string,
  ids: number[] | null,
  args: Cells,
): Promise<T> {
  const { interface: kind, database, apiKey } = call.tools.settings
  if (kind !== 'json-rpc')
    return (await post(call, `/json/2/${model}/${method}`, { ...(ids ? { ids } : {}), ...args })) as T
  const key = [database, await user(call), apiKey]
  return (await rpc(call, 'object', 'execute_kw', [...key, model, method, ids ? [ids] : [], args])) as T
}

/** Records that fit all terms: `{ state: 'done', 'id in': ids }`; fields by name. */
function find<T = Row>(
  call: Call,
  model: string,
  terms: Cells,
  fields: string,
  more: Cells = {},
): Promise<T[]> {
  const domain = Object.entries(terms).map(([term, value]) => {
    const [field, operator = '='] = term.split(' ')
    return [field, operator, value]
  })
  const args = { domain, fields: fields.split(' '), order: 'id', ...more }
  return ask<T[]>(call, model, 'search_read', null, args)
}

/** Read by its id: a search may not show yet what was written a moment ago. */
async function look(call: Call, { model }: Wanted, id: number): Promise<Row | null> {
  const fields = (SHOWN[model] ?? 'name state').split(' ')
  return (await ask<Row[]>(call, model, 'read', [id], { fields }))[0] ?? null
}

async function idByXmlid(call: Call, model: string, xmlid: string): Promise<number | null> {
  const [module, ...name] = String(xmlid).split('.')
  const domain = { module, name: name.join('.'), model }
  const [data] = await find<{ res_id: number }>(call, 'ir.model.data', domain, 'res_id')
  return data?.res_id ?? null
}

async function there(call: Call, wanted: Wanted): Promise<Row | null> {
  const id = await idByXmlid(call, wanted.model, wanted.xmlid)
  return id === null ? null : look(call, wanted, id)
}

const isDone = ({ press, after }: Wanted, row: Row) =>
  press.states.includes(row.state) &&
  Object.entries(after ?? {}).every(([name, value]) => row[name] === value)

const remoteOf = (wanted: Wanted, row: Row): Remote => ({
  id: String(row.id),
  number: String(row.client_order_ref || row.name),
  state: isDone(wanted, row) ? 'final' : 'draft',
  ...(row.amount_total === undefined ? {} : { total: String(row.amount_total) }),
})

/** A cell `{ delivered: <external id of an order line> }` is the transfer move that brought those goods to the customer. */
async function resolved(call: Call, cells: Cells): Promise<Cells> {
  const out = { ...cells }
  for (const [name, cell] of Object.entries(cells)) {
    const xmlid = (cell as { delivered?: string } | null)?.delivered
    if (xmlid === undefined) continue
    const line = await idByXmlid(call, 'sale.order.line', xmlid)
    const from = { sale_line_id: line, state: 'done', origin_returned_move_id: false }
    const [move] = line === null ? [] : await find(call, 'stock.move', from, 'id')
    if (!move) throw refused('NOT_DELIVERED', `nothing of line ${xmlid} has been delivered`)
    out[name] = move.id
  }
  return out
}

/**
 * Creates the record, or updates what has its external id: a repeated call makes nothing twice, and neither do its
 * lines, which have ids of their own. All or nothing is kept. Instants are UTC because the context says so.
 */
async function load(call: Call, { model, xmlid, values = {}, lines }: Wanted): Promise<number> {
  const each: Cells[] = []
  for (const line of lines?.each ?? []) each.push(await resolved(call, line))
  const own = Object.keys(values)
  const below = [...new Set(each.flatMap((line) => Object.keys(line)))]
  const head = [xmlid, ...own.map((name) => values[name] ?? '')]
  const data = each.map((line, i) =>
    [i === 0 ? head : head.map(() => ''), below.map((name) => line[name] ?? '')].flat(),
  )
  const fields = ['id', ...own, ...below.map((name) => `${lines!.of}/${name}`)]
  type Loaded = { ids: number[] | false; messages: { message: string }[] }
  const args = { fields, data, context: { tz: 'UTC' } }
  const { ids, messages } = await ask<Loaded>(call, model, 'load', null, args)
  const said = messages.map((m) => m.message).join('; ')
  if (!ids) throw refused('LOAD', said)
  if (said === '') return ids[0]!
  // Odoo chose among several that fit
  await remove(call, model, ids[0]!)
  throw refused('AMBIGUOUS', said)
}

/** Deletes a draft. A refusal may only mean that it is gone: the request came twice, or an earlier answer was lost. */
async function remove(call: Call, model: string, id: number): Promise<void> {
  const how = model === 'sale.order' ? 'unlink' : 'action_cancel'
  await ask(call, model, how, [id], {}).catch(async (error) => {
    if ((await find(call, model, { id }, 'state')).length === 0) return
    throw unsure('DRAFT_STAYS', `${model} ${id} could not be deleted: ${failedOf(error, call.tools).message}`)
  })
}

/** What Odoo made of the rows must be what the shop sold: it works out totals and taxes itself. */
function difference({ total, tax, currency }: Wanted, row: Row, tolerance: unknown): string | null {
  if (total === undefined) return null
  const [, theirs] = row.currency_id as [number, string]
  if (currency !== theirs) return `the order is in ${theirs} instead of ${currency}`
  if (Number(total) !== Number(row.amount_total))
    return `the total is ${row.amount_total} instead of ${total}`
  const units = (amount: unknown) => Math.round(Number(amount) * 10_000)
  return Math.abs(units(tax) - units(row.amount_tax)) > units(tolerance)
    ? `the tax is ${row.amount_tax} instead of ${tax}`
    : null
}

async function write(call: Call, item: WriteItem): Promise<Remote> {
  const wanted = JSON.parse(item.body.toString()) as Wanted
  const known = await there(call, wanted)
  if (!wanted.values) {
    if (!known) throw refused('ABSENT', `there is no ${wanted.model} ${wanted.xmlid}`)
    return finish(call, wanted, known.id)
  }
  const row = known ?? (await look(call, wanted, await load(call, wanted)))
  if (!row) throw unsure('GONE', `${wanted.model} ${wanted.xmlid} is gone again`)
  const wrong = wanted.press.states.includes(row.state)
    ? null
    : difference(wanted, row, call.tools.settings.taxTolerance)
  if (wrong === null) return remoteOf(wanted, row)
  await remove(call, wanted.model, row.id)
  throw refused('DIFFERS', wrong)
}

/** Presses the button unless that is done: a refusal may only mean that an earlier press, whose answer was lost, did it. */
async function finish(call: Call, wanted: Wanted, id: number): Promise<Remote> {
  const { model, press, after } = wanted
  const before = await look(call, wanted, id)
  let failed: unknown = null
  if (before && !press.states.includes(before.state))
    await ask(call, model, press.method, [id], press.context ? { context: press.context } : {}).catch(
      (error) => {
        failed = error
      },
    )
  const pressed = await look(call, wanted, id)
  if (!pressed || !press.states.includes(pressed.state))
    throw failed ?? unsure('SKIPPED', `${model} ${id} stays in state ${pressed?.state ?? '(gone)'}`)
  if (after && !isDone(wanted, pressed)) await ask(call, model, 'write', [id], { vals: after })
  return remoteOf(wanted, (await look(call, wanted, id)) ?? pressed)
}

const proved = (work: Promise<Remote>, tools: Tools): Promise<Outcome> =>
  work.then((remote): Outcome => ({ kind: 'done', remote })).catch((error) => failedOf(error, tools))

const writing = {
  write: async ([item]: WriteItem[], tools: Tools, signal: AbortSignal) => [
    await proved(write({ tools, signal }, item!), tools),
  ],
  find: (item: WriteItem, tools: Tools, signal: AbortSignal): Promise<FindAnswer> => {
    const wanted = JSON.parse(item.body.toString()) as Wanted
    return there({ tools, signal }, wanted)
      .then((row) => ({ hits: row ? [remoteOf(wanted, row)] : [] }))
      .catch((error) => ({ failed: failedOf(error, tools) }))
  },
  advance: (item: WriteItem, { id }: Remote, tools: Tools, signal: AbortSignal) =>
    proved(finish({ tools, signal }, JSON.parse(item.body.toString()) as Wanted, Number(id)), tools),
  discard: (item: WriteItem, { id }: Remote, tools: Tools, signal: AbortSignal) => {
    const { model } = JSON.parse(item.body.toString()) as Wanted
    return proved(
      remove({ tools, signal }, model, Number(id)).then(() => ({ id, state: 'final' as const })),
      tools,
    )
  },
}

const utc = (at: Date) => at.toISOString().slice(0, 19).replace('T', ' ')
const record = (shape: string, id: string, body: object): RawRecord => ({
  id,
  body: Buffer.from(JSON.stringify(body)),
  contentType: 'application/json',
  shape,
})

/** External ids of ours, by the records that a field of these rows points to. */
async function keysOf(call: Call, model: string, rows: Row[], field: string): Promise<Map<number, string>> {
  const terms = { module: 'tributary', model, 'res_id in': rows.map((row) => idOf(row[field])) }
  const found = await find<{ res_id: number; name: string }>(call, 'ir.model.data', terms, 'res_id name')
  return new Map(found.map((data) => [data.res_id, data.name]))
}

/** One field of the records that a field of these rows points to. */
async function codesOf(call: Call, model: string, code: string, rows: Row[], field: string) {
  const found = await find(call, model, { 'id in': [...new Set(rows.map((row) => idOf(row[field])))] }, code)
  return new Map(found.map((row) => [row.id, row[code]]))
}

/** Outgoing transfers of our orders that have left. */
async function shipments(call: Call, rows: Row[]): Promise<RawRecord[]> {
  const orders = await keysOf(call, 'sale.order', rows, 'sale_id')
  const ours = rows.filter((row) => orders.has(idOf(row.sale_id)))
  if (ours.length === 0) return []
  const terms = { 'picking_id in': ours.map((row) => row.id), state: 'done' }
  const moves = await find(call, 'stock.move', terms, 'picking_id product_id quantity sale_line_id')
  const lines = await keysOf(call, 'sale.order.line', moves, 'sale_line_id')
  const skus = await codesOf(call, 'product.product', 'default_code', moves, 'product_id')
  const types = await find(call, 'stock.picking.type', {}, 'warehouse_id')
  const sites = await codesOf(call, 'stock.warehouse', 'code', types, 'warehouse_id')
  const typeOf = new Map(types.map((type) => [type.id, type]))
  return ours.map((row) => {
    const order = orders.get(idOf(row.sale_id))!
    const site = sites.get(idOf(typeOf.get(idOf(row.picking_type_id))?.warehouse_id))
    const mine = moves.filter((move) => idOf(move.picking_id) === row.id)
    const parts = mine.map(({ id, quantity, product_id, sale_line_id }) => {
      const line = lines.get(idOf(sale_line_id))?.slice(order.length + 1)
      return { id, quantity, sku: skus.get(idOf(product_id)), line }
    })
    return record('shipment', String(row.id), { ...row, order, site, moves: parts })
  })
}

/** One record per warehouse and product of which a quant has changed: all its quants together. */
async function stock(call: Call, changed: Row[]): Promise<RawRecord[]> {
  const key = (quant: Row) => `${idOf(quant.warehouse_id)}-${idOf(quant.product_id)}`
  const wanted = new Set(changed.filter((quant) => quant.warehouse_id).map(key))
  const products = [...new Set(changed.map((quant) => idOf(quant.product_id)))]
  const all = await find(call, 'stock.quant', { 'product_id in': products, ...INSIDE }, QUANT)
  const skus = await codesOf(call, 'product.product', 'default_code', all, 'product_id')
  const sites = await codesOf(call, 'stock.warehouse', 'code', all, 'warehouse_id')
  return [...Map.groupBy(all, key)].flatMap(([id, quants]) => {
    const sku = skus.get(idOf(quants[0]!.product_id))
    const site = sites.get(idOf(quants[0]!.warehouse_id))
    return wanted.has(id) && sku ? record('stock', id, { id, sku, site, quants }) : []
  })
}

/** Our orders that are confirmed. */
async function statuses(call: Call, rows: Row[]): Promise<RawRecord[]> {
  const orders = rows.map((row) => ({ ...row, self: [row.id] }))
  const keys = await keysOf(call, 'sale.order', orders, 'self')
  return rows.flatMap((row) => {
    const key = keys.get(row.id)
    return key ? record('status', String(row.id), { ...row, key }) : []
  })
}

const reading = <T>(work: Promise<T>, tools: Tools): Promise<T> =>
  work.catch((error) => {
    // not reached, or no budget: the runtime knows more of it
    if (error.name === 'HttpFailure') throw error
    const failed = failedOf(error, tools)
    if (failed.kind === 'not-done' && failed.retryAfter !== undefined)
      tools.throttled(failed.message, failed.retryAfter)
    const config = failed.kind === 'refused' || 'pause' in failed
    return tools.broken(`${failed.code}: ${failed.message}`, config ? 'config' : 'transient')
  })

/**
 * `>=` and seconds: `>` finds the second of its bound again up to series 18 and passes over the rest of it since 19.
 * Pages go on by id, so a record that changes meanwhile leaves the window and moves no other.
 */
function stream(model: string, fields: string, fixed: Cells, make: typeof shipments) {
  return {
    async page({ since, until, resume }: PageRequest, tools: Tools, signal: AbortSignal) {
      const call = { tools, signal }
      const window = { 'write_date >=': utc(since), 'write_date <': utc(until), 'id >': resume ?? 0 }
      const rows = await reading(find(call, model, { ...fixed, ...window }, fields, { limit: PAGE }), tools)
      return {
        records: await reading(make(call, rows), tools),
        next: rows.length < PAGE ? null : rows.at(-1)!.id,
      }
    },
    async fetch(ids: string[], tools: Tools, signal: AbortSignal) {
      const call = { tools, signal }
      const by = model === 'stock.quant' ? 'product_id in' : 'id in'
      const numbers = ids.map((id) => Number(id.split('-').at(-1)))
      const rows = await reading(find(call, model, { ...fixed, [by]: numbers }, fields), tools)
      return (await reading(make(call, rows), tools)).filter(({ id }) => ids.includes(id))
    },
  }
}

const STATUS = 'name state amount_total write_date'
const LEFT = { state: 'done', picking_type_code: 'outgoing', 'sale_id !=': false }
const INSIDE = { 'location_id.usage': 'internal' }

export default {
  read: {
    shipment: stream('stock.picking', PICKING, LEFT, shipments),
    stock: stream('stock.quant', QUANT, INSIDE, stock),
    status: stream('sale.order', STATUS, { state: 'sale' }, statuses),
  },
  write: { order: writing, return: writing, cancellation: writing },
  async check(tools, signal) {
    const call = { tools, signal }
    const [company] = await reading(find(call, 'res.company', {}, 'name'), tools)
    const id = await reading(idByXmlid(call, 'res.partner', String(tools.settings.customer)), tools)
    if (id === null)
      return { ok: false, say: `Odoo has no contact with external id ${tools.settings.customer}` }
    return { ok: true, say: `Odoo answers; company ${company?.name}` }
  },
} satisfies Hooks
