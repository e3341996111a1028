/**
 * Stands between the product and a sandbox: as the forward proxy that HTTP_PROXY names, or in front of one
 * server. Passes everything on, and alters what it is told to.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ProxyOptions {
  /** In front of this server; left out: wherever the request says. */
  to?: string
  /** A request's body as latin1 text (its bytes) → what is sent instead, once; null leaves it for a later one. */
  alter?: (body: string) => string | null
  /** Every request's body, before `alter` → what is sent instead. */
  ask?: (body: string) => string
  /** Every answer's body → what the client gets instead. */
  answer?: (body: string) => string
  /** Milliseconds by which the `Date` of answers is off. */
  clock?: number
}

export interface StandingBetween {
  url: string
  /** Bodies of the requests passed on, as they came. */
  passed: string[]
  /** Whether `alter` has altered one. */
  altered(): boolean
  close(): Promise<void>
}

export async function startProxy(options: ProxyOptions): Promise<StandingBetween> {
  const passed: string[] = []
  let altered = false
  const server = createServer((req, res) => {
    void forward(req, res).catch(() => res.destroy())
  })
  async function forward(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const came = (await read(req)).toString('latin1')
    const given = options.ask?.(came) ?? came
    passed.push(given)
    const other = altered ? null : (options.alter?.(given) ?? null)
    altered ||= other !== null
    const body = Buffer.from(other ?? given, 'latin1')
    const headers = { ...req.headers, 'content-length': String(body.length) }
    const onward = request(new URL(req.url!, options.to), { method: req.method, headers, agent: false })
    onward.once('error', () => res.destroy())
    onward.once('response', (answer) => void answered(answer, res).catch(() => res.destroy()))
    onward.end(body)
  }
  async function answered(answer: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await read(answer)
    const sent = options.answer ? Buffer.from(options.answer(body.toString())) : body
    const { 'transfer-encoding': _, ...headers } = answer.headers
    const date = new Date(Date.now() + (options.clock ?? 0)).toUTCString()
    res.writeHead(answer.statusCode!, { ...headers, date, 'content-length': sent.length }).end(sent)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    altered: () => altered,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function read(from: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of from as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
