/** Calls an Odoo through both of its interfaces, with nothing of the product or the sandbox. */

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by the tests
type Any = any

export interface OdooAnswer {
  status: number
  type: string
  headers: Headers
  text: string
  body: Any
}

async function read(response: Response): Promise<OdooAnswer> {
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  const body = type.startsWith('application/json') ? JSON.parse(text) : undefined
  return { status: response.status, type, headers: response.headers, text, body }
}

/** One JSON-2 call; `headers` replaces or adds to the usual ones. */
export async function json2(
  url: string,
  path: string,
  body: unknown = {},
  headers: Record<string, string> = {},
): Promise<OdooAnswer> {
  return read(
    await fetch(`${url}/json/2/${path}`, {
      method: 'POST',
      headers: { Authorization: 'bearer key', 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  )
}

/** A client of JSON-2 that fails on anything but success. */
export function client2(url: string, context: Record<string, unknown> = {}) {
  const call = async (model: string, method: string, args: Record<string, unknown> = {}): Promise<Any> => {
    const answer = await json2(url, `${model}/${method}`, { context, ...args })
    if (answer.status !== 200) throw new Error(`${model}.${method}: ${answer.status} ${answer.body?.message}`)
    return answer.body
  }
  return {
    call,
    create: (model: string, values: unknown): Promise<number[]> =>
      call(model, 'create', { vals_list: values }),
    search: (model: string, domain: unknown, more = {}): Promise<number[]> =>
      call(model, 'search', { domain, ...more }),
    find: (model: string, domain: unknown, fields: string[] = []): Promise<Any[]> =>
      call(model, 'search_read', { domain, fields }),
    read: async (model: string, id: number, fields: string[] = []): Promise<Any> =>
      (await call(model, 'read', { ids: [id], fields }))[0],
    write: (model: string, ids: number[], vals: unknown): Promise<true> =>
      call(model, 'write', { ids, vals }),
    load: (model: string, fields: string[], data: unknown[][]): Promise<Any> =>
      call(model, 'load', { fields, data }),
  }
}

export type Odoo2 = ReturnType<typeof client2>

/** One JSON-RPC request; `cookie` for the calls of the web client. */
export async function jsonrpc(url: string, path: string, params: unknown, cookie = ''): Promise<OdooAnswer> {
  return read(
    await fetch(url + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(cookie ? { Cookie: cookie } : {}) },
      body: JSON.stringify({ jsonrpc: '2.0', method: 'call', params, id: 7 }),
    }),
  )
}

/** `execute_kw` as user 2 of database odoo; the answer's result, or its error. */
export async function executeKw(
  url: string,
  model: string,
  method: string,
  args: unknown[] = [],
  kwargs: Record<string, unknown> = {},
): Promise<Any> {
  const params = {
    service: 'object',
    method: 'execute_kw',
    args: ['odoo', 2, 'key', model, method, args, kwargs],
  }
  const { body } = await jsonrpc(url, '/jsonrpc', params)
  return body.error ?? body.result
}

/** A control route of the sandbox. */
export async function control(url: string, path: string, body?: unknown): Promise<Any> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`${url}/_sandbox/${path}`, init)
  const answer = await response.json()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${(answer as Any).error}`)
  return answer
}
