/** The Tryton ERP as its own people see it: sales as they stand there, and the warehouse that packs parcels. */

export type Row = { id: number } & Record<string, unknown>

/** What goes into one package: Tryton product code → quantity. */
export interface Carton {
  tracking: string | null
  items: Record<string, number>
}

export interface Erp {
  rpc<T>(method: string, params: unknown[]): Promise<T>
  /** `search_read` in id order. Decimals come as text. */
  search(model: string, domain: unknown[], fields: string[]): Promise<Row[]>
  /** Picks a sale's open shipment, packs just these cartons (what is left over stays open) and sends them off. */
  ship(sale: number, cartons: Carton[]): Promise<number>
  close(): Promise<void>
}

/** Tagged decimals become text; everything else stays as it came. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  if ('decimal' in value) return value.decimal
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]))
}

const INTEGRATION = { login: 'integration', password: 'Wq7-hzKp2mVx' }

/** Logs in with a session of its own. Throws what Tryton answers, errors in its body included. */
export async function openErp(base: string): Promise<Erp> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  const post = async (method: string, params: unknown[]) => {
    const body = JSON.stringify({ id: 1, method, params })
    const answer = await fetch(`${base}/erp/`, { method: 'POST', headers, body })
    const { result, error } = (await answer.json()) as { result: unknown; error?: unknown }
    if (error) throw new Error(`${method}: ${JSON.stringify(error).slice(0, 500)}`)
    return plain(result)
  }
  const { login, password } = INTEGRATION
  const [user, token] = (await post('common.db.login', [login, { password }])) as [number, string]
  headers.authorization = `Session ${Buffer.from(`${login}:${user}:${token}`).toString('base64')}`
  const context = await post('model.res.user.get_preferences', [true, {}])
  const rpc = async <T>(method: string, params: unknown[]) =>
    (await post(`model.${method}`, [...params, context])) as T
  const erp: Erp = {
    rpc,
    search: (model, domain, fields) =>
      rpc(`${model}.search_read`, [domain, 0, null, [['id', 'ASC']], fields]),
    ship: (sale, cartons) => ship(erp, sale, cartons),
    async close() {
      await post('common.db.logout', [])
    },
  }
  return erp
}

/** What the warehouse does: reserve, pick, put the goods into cartons, pack, hand over. */
async function ship(erp: Erp, sale: number, cartons: Carton[]): Promise<number> {
  const [{ shipments }] = (await erp.rpc('sale.sale.read', [[sale], ['shipments']])) as [
    { shipments: number[] },
  ]
  const open = await erp.search(
    'stock.shipment.out',
    [
      ['id', 'in', shipments],
      ['state', '=', 'waiting'],
    ],
    ['id'],
  )
  const id = open[0]!.id
  await limit(erp, id, cartons)
  await erp.rpc('stock.shipment.out.assign_try', [[id]])
  await erp.rpc('stock.shipment.out.pick', [[id]])
  const [type] = await erp.search('stock.package.type', [], ['name'])
  const at = `stock.shipment.out,${id}`
  const fields = ['product.code', 'quantity']
  const moves = await erp.search(
    'stock.move',
    [
      ['shipment', '=', at],
      ['to_location.type', '=', 'customer'],
    ],
    fields,
  )
  for (const { tracking, items } of cartons) {
    const held: number[] = []
    for (const [code, quantity] of Object.entries(items)) {
      const move = moves.find((m) => (m['product.'] as Row).code === code && Number(m.quantity) >= quantity)!
      if (Number(move.quantity) === quantity) {
        held.push(move.id)
        moves.splice(moves.indexOf(move), 1)
      } else {
        const rest = Number(move.quantity) - quantity
        await erp.rpc('stock.move.write', [[move.id], { quantity: rest }])
        const [copy] = await erp.rpc<number[]>('stock.move.copy', [[move.id], { quantity }])
        move.quantity = rest
        held.push(copy!)
      }
    }
    const values = { type: type!.id, shipment: at, shipping_reference: tracking }
    const [carton] = await erp.rpc<number[]>('stock.package.create', [[values]])
    await erp.rpc('stock.move.write', [held, { package: carton }])
  }
  for (const button of ['pack', 'done']) await accept(erp, `stock.shipment.out.${button}`, id)
  return id
}

/** Takes only what the cartons hold into this shipment; Tryton opens another one for the rest. */
async function limit(erp: Erp, shipment: number, cartons: Carton[]): Promise<void> {
  const total = new Map<string, number>()
  for (const { items } of cartons) {
    for (const [code, n] of Object.entries(items)) total.set(code, (total.get(code) ?? 0) + n)
  }
  const at = `stock.shipment.out,${shipment}`
  const domain = [
    ['shipment', '=', at],
    ['to_location.type', '!=', 'customer'],
  ]
  const inventory = await erp.search('stock.move', domain, ['product.code', 'quantity'])
  for (const move of inventory) {
    const wanted = total.get(String((move['product.'] as Row).code)) ?? 0
    if (wanted < Number(move.quantity)) await erp.rpc('stock.move.write', [[move.id], { quantity: wanted }])
  }
}

/** Presses a button; a warning ("no carrier") is accepted as a clerk would. */
async function accept(erp: Erp, method: string, id: number): Promise<void> {
  try {
    await erp.rpc(method, [[id]])
  } catch (error) {
    const name = /"UserWarning",\["([^"]+)"/.exec(String(error))?.[1]
    if (!name) throw error
    const [user] = await erp.search('res.user', [['login', '=', INTEGRATION.login]], ['id'])
    await erp.rpc('res.user.warning.create', [[{ user: user!.id, name, always: false }]])
    await accept(erp, method, id)
  }
}
