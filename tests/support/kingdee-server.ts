/**
 * A stand-in for Kingdee K3 Cloud's WebAPI: log-in by signature and signed headers, save, submit, audit and back, bill
 * queries as rows. It imports nothing that the connector uses to talk to Kingdee.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { addDecimal, multiplyDecimal, roundDecimal } from '../../src/core/money.ts'
import { createFaults, faultAfter, faultBefore } from '../../src/sandbox/faults.ts'
import { parseBody, readBody, sendJson, serveSandbox } from '../../src/sandbox/serve.ts'

// biome-ignore lint/suspicious/noExplicitAny: bodies and bills are looked into freely here
type Any = any

export const ACCOUNT = { acctId: 'dc1', user: 'shop', appId: '123456_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4' }
export const SECRET = 'example-appSecret'
const CLIENT_SECRET = 'UVJWUANVXl8KXFlfWV1YSBNCShcUQRNL'

/** Per form: where its rows stand, the key of a row, fields of rows, and what must not be missing. */
const FORMS: Record<string, { rows: string; entry: string; fields: string[]; required: string[] }> = {
  SAL_SaleOrder: {
    rows: 'FSaleOrderEntry',
    entry: 'FSaleOrderEntry_FEntryID',
    fields: [],
    required: ['FBillTypeID', 'FDate', 'FSaleOrgId', 'FCustId'],
  },
  SAL_RETURNSTOCK: {
    rows: 'FEntity',
    entry: 'FEntity_FEntryID',
    fields: [],
    required: ['FBillTypeID', 'FDate', 'FSaleOrgId', 'FRetcustId', 'FStockOrgId'],
  },
  AR_RECEIVEBILL: {
    rows: 'FRECEIVEBILLENTRY',
    entry: 'FRECEIVEBILLENTRY_FEntryID',
    fields: [],
    required: ['FBillTypeID', 'FDATE', 'FCONTACTUNIT', 'FCURRENCYID', 'FSETTLEORGID'],
  },
  SAL_OUTSTOCK: {
    rows: 'rows',
    entry: 'FEntity_FEntryID',
    fields: ['FMaterialID.FNumber', 'FRealQty', 'FSoorDerno', 'FStockID.FNumber', 'FEntity_FSeq'],
    required: [],
  },
  STK_Inventory: { rows: 'rows', entry: '', fields: [], required: [] },
  BD_Customer: { rows: 'rows', entry: '', fields: [], required: [] },
}

export interface Bill {
  form: string
  fields: Record<string, Any>
  model: Any
  rows: Record<string, Any>[]
}

const base64Hmac = (text: string, key: string) =>
  Buffer.from(createHmac('sha256', key).update(text).digest('hex')).toString('base64')
/** Kingdee's own clock: text of China's time with milliseconds. */
const clock = (at: number) => new Date(at + 8 * 3_600_000).toISOString().slice(0, 23)
const refuse = (Message: string, MsgCode = 4) => ({
  Result: {
    ResponseStatus: {
      IsSuccess: false,
      ErrorCode: 500,
      Errors: [{ FieldName: null, Message, DIndex: 0 }],
      MsgCode,
    },
  },
})

export async function startKingdee(options: { materials?: string[]; auth?: 'session' | 'headers' } = {}) {
  const { materials = ['TEA-001', 'TEA-002', 'SHIPPING', 'CHARGE'], auth = 'session' } = options
  const bills: Bill[] = []
  const sessions = new Set<string>()
  const faults = createFaults(['html', 'half', 'exception'])
  const calls: string[] = []
  let id = 100_000
  let failWith: string | null = null

  const known = (code: unknown) => materials.includes(String(code))
  const find = (form: string, { Ids, Numbers }: Any) =>
    bills.filter(
      ({ form: own, fields }) =>
        own === form &&
        (String(Ids ?? '')
          .split(',')
          .includes(String(fields.FID)) ||
          (Numbers ?? []).includes(fields.FBillNo)),
    )
  const changed = (bill: Bill, status?: string) => {
    bill.fields.FModifyDate = clock(Date.now())
    if (status) bill.fields.FDocumentStatus = status
  }

  function login({ parameters }: Any) {
    const [acct, user, app, at, sign] = parameters as string[]
    const text = [ACCOUNT.acctId, ACCOUNT.user, ACCOUNT.appId, SECRET, at!].sort().join('')
    const good = createHash('sha256').update(text).digest('hex') === sign && acct === ACCOUNT.acctId
    const fresh = Math.abs(Date.now() / 1000 - Number(at)) < 300
    if (!good || !fresh || user !== ACCOUNT.user || app !== ACCOUNT.appId)
      return { LoginResultType: 0, Message: '用户名或密码错误', KDSVCSessionId: null }
    const session = randomUUID()
    sessions.add(session)
    return { LoginResultType: 1, Message: null, KDSVCSessionId: session, Context: {} }
  }

  function allowed(req: IncomingMessage): boolean {
    if (auth === 'session') return sessions.has(String(req.headers['kdservice-sessionid']))
    const h = req.headers as Record<string, string>
    const data = Buffer.from(h['x-kd-appdata'] ?? '', 'base64').toString()
    const lines = `POST\n${req.url!.replaceAll('/', '%2F')}\n\nx-api-nonce:${h['x-api-nonce']}\nx-api-timestamp:${h['x-api-timestamp']}\n`
    return (
      data === `${ACCOUNT.acctId},${ACCOUNT.user},2052,100` &&
      h['x-kd-signature'] === base64Hmac(ACCOUNT.appId + data, SECRET) &&
      h['x-api-signature'] === base64Hmac(lines, CLIENT_SECRET)
    )
  }

  function save({ FormId, Data }: Any) {
    const form = FORMS[FormId]
    const { Model } = Data
    if (!form) return refuse('业务对象不存在')
    const missing = form.required.find((name) => !Model[name])
    if (missing) return refuse(`字段“${missing}”是必填项`)
    const rows = (Model[form.rows] ?? []) as Any[]
    if (rows.length === 0) return refuse('单据体不能为空')
    const unknown = rows.map((r) => r.FMaterialId?.FNumber).find((code) => code !== undefined && !known(code))
    if (unknown) return refuse(`编码为“${unknown}”的物料不存在`)
    if (bills.some((b) => b.form === FormId && b.fields.FBillNo === Model.FBillNo))
      return refuse(`违反字段唯一性要求：编码唯一。${Model.FBillNo}已经被使用`)
    const total = rows.reduce(
      (sum, r) =>
        addDecimal(sum, roundDecimal(multiplyDecimal(r.FTaxPrice ?? '0', r.FQty ?? r.FRealQty ?? '0'), 2)),
      '0',
    )
    id += 1
    const fields = {
      FID: id,
      FBillNo: Model.FBillNo,
      FDocumentStatus: 'A',
      FBillAllAmount: Number(total),
      FModifyDate: clock(Date.now()),
    }
    bills.push({
      form: FormId,
      fields,
      model: Model,
      rows: rows.map((_, i) => ({ [form.entry]: id * 100 + i })),
    })
    const done = { Id: id, Number: Model.FBillNo, DIndex: 0 }
    return {
      Result: {
        ResponseStatus: {
          IsSuccess: true,
          Errors: [],
          SuccessEntitys: [done],
          SuccessMessages: [],
          MsgCode: 0,
        },
        Id: id,
        Number: Model.FBillNo,
        NeedReturnData: [{}],
      },
    }
  }

  const STEPS: Record<string, [from: string[], to: string | null, refusal: string]> = {
    Submit: [['A', 'D', 'Z'], 'B', '只有暂存、创建、重新审核的数据才允许提交'],
    Audit: [['B'], 'C', '只有审核中的数据才允许审核'],
    UnAudit: [['C'], 'D', '只有已审核的数据才允许反审核'],
    Delete: [['A', 'D', 'Z'], null, '已审核的数据不能删除'],
  }

  function step(name: string, { FormId, Data }: Any) {
    const [from, to, refusal] = STEPS[name]!
    const found = find(FormId, Data)
    if (found.length === 0) return refuse('单据不存在')
    for (const bill of found) {
      if (failWith && name === 'Audit') return refuse(failWith)
      if (!from.includes(bill.fields.FDocumentStatus)) return refuse(refusal)
      const used = bills.some(
        (b) => b.form === 'SAL_OUTSTOCK' && b.rows.some((r) => r.FSoorDerno === bill.fields.FBillNo),
      )
      if (name === 'UnAudit' && used) return refuse('单据存在下游单据，不允许反审核')
      if (to === null) bills.splice(bills.indexOf(bill), 1)
      else changed(bill, to)
    }
    return {
      Result: {
        ResponseStatus: { IsSuccess: true, Errors: [], SuccessEntitys: [], SuccessMessages: [], MsgCode: 0 },
      },
    }
  }

  const CONDITION = /^\s*(\w+)\s*(=|>=|<|in)\s*(?:'([^']*)'|\(([^)]*)\))\s*$/
  const OPERATORS: Record<string, (cell: string, wanted: string, list: string[]) => boolean> = {
    '=': (cell, wanted) => cell === wanted,
    '>=': (cell, wanted) => cell >= wanted,
    '<': (cell, wanted) => cell < wanted,
    in: (cell, _wanted, list) => list.includes(cell),
  }

  function query({ data }: Any) {
    const { FormId, FieldKeys, FilterString = '', OrderString = '', StartRow = 0, Limit = 0 } = data
    const form = FORMS[FormId]
    if (!form) return [[refuse('业务对象不存在')]]
    const keys = (FieldKeys as string).split(',')
    let found = bills.filter((b) => b.form === FormId)
    for (const condition of FilterString.split(' and ').filter(Boolean)) {
      const [, field, operator, wanted = '', list = ''] = CONDITION.exec(condition) ?? []
      if (!field) return [[refuse(`过滤条件不正确: ${condition}`)]]
      found = found.filter((b) => OPERATORS[operator!]!(String(b.fields[field]), wanted, list.split(',')))
    }
    const byRow = keys.some((key) => key === form.entry || form.fields.includes(key))
    const flat = found.flatMap((b) =>
      (byRow ? b.rows : [{}]).map((row) => ({ ...b.fields, ...row }) as Record<string, Any>),
    )
    const strange = keys.find((key) => flat.length > 0 && !(key in flat[0]!))
    if (strange) return [[refuse(`字段 ${strange} 不存在`)]]
    const order = (OrderString as string).split(',').filter(Boolean)
    const rank = (row: Any) => order.map((key) => String(row[key] ?? '')).join('\u0000')
    const sorted =
      order.length > 0 ? flat.toSorted((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0)) : flat
    return sorted
      .slice(StartRow, Limit > 0 ? StartRow + Limit : undefined)
      .map((row) => keys.map((key) => row[key] ?? null))
  }

  function work(name: string, body: Any, req: IncomingMessage): unknown {
    if (name === 'LoginBySign') return login(body)
    const lost = refuse('会话信息已丢失，请重新登录', 1)
    if (!allowed(req)) return name === 'ExecuteBillQuery' ? [[lost]] : lost
    if (name === 'ExecuteBillQuery') return query(body)
    return name === 'Save' ? save(body) : STEPS[name] ? step(name, body) : refuse('服务不存在')
  }

  async function route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const name = /^\/K3Cloud\/Kingdee\.BOS\.WebApi\.ServicesStub\.\w+\.(\w+)\.common\.kdsvc$/.exec(
      req.url ?? '',
    )?.[1]
    const body = parseBody(await readBody(req, 1_000_000))
    if (!name || body === undefined) return sendJson(res, 404, { error: 'no such service' })
    calls.push(name)
    if (name !== 'LoginBySign' && (await faultBefore(faults, res))) return
    const answer = JSON.stringify(work(name, body, req))
    if (name !== 'LoginBySign') {
      if (faultAfter(faults, res)) return
      if (faults.hit('html'))
        return void res.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>登录</html>')
      if (faults.hit('half')) return void res.writeHead(200).end(answer.slice(0, answer.length >> 1))
      if (faults.hit('exception')) return void res.writeHead(200).end('response_error: System.Exception')
    }
    res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(answer)
  }

  const server = await serveSandbox({ name: 'kingdee', port: 0, route, stop: () => {} })
  return {
    ...server,
    base: `${server.url}/K3Cloud`,
    bills,
    calls,
    faults,
    dropSessions: () => sessions.clear(),
    refuseAudits: (why: string | null) => {
      failWith = why
    },
    /** An approved stock-out of rows `{ sku, quantity, order }`. */
    ship(rows: { sku: string; quantity: number; order: string }[], more: Record<string, Any> = {}): number {
      id += 1
      const head = {
        FCarriageNO: 'SF1',
        'FCarrierID.FNumber': 'SF',
        FDate: `${clock(Date.now()).slice(0, 10)}T00:00:00`,
      }
      const own = { FID: id, FBillNo: `XSCKD${id}`, FDocumentStatus: 'C', FModifyDate: clock(Date.now()) }
      const lines = rows.map((r, i) => ({
        'FMaterialID.FNumber': r.sku,
        FRealQty: r.quantity,
        FSoorDerno: r.order,
        'FStockID.FNumber': 'CK001',
        FEntity_FSeq: i + 1,
        FEntity_FEntryID: id * 100 + i,
      }))
      bills.push({ form: 'SAL_OUTSTOCK', fields: { ...head, ...own, ...more }, model: {}, rows: lines })
      return id
    },
    /** One row of inventory: a lot of a material in a stock. */
    lay(site: string, sku: string, quantity: number): void {
      const fields = { 'FStockId.FNumber': site, 'FMaterialId.FNumber': sku, FBaseQty: quantity }
      bills.push({ form: 'STK_Inventory', fields, model: {}, rows: [] })
    },
  }
}
