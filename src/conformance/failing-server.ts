/** A server that answers every request with the same failure, for connectors of any kind: it must only not be believed. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const FAILURES = [
  '429',
  '500',
  'time-out',
  'reset',
  'half an answer',
  'HTML instead of data',
  'an empty answer',
  'wrong charset',
  'a huge answer',
] as const
export type Failure = (typeof FAILURES)[number]

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }

/** What `openSubject` must be told, so that a time-out and a limit come soon. */
export const IMPATIENT = { timeout: '400ms', limit: 4096 } as const

/**
 * Starts one. `spare` answers the calls that must not fail (for a token, else nothing after them would be asked), or
 * gives null; it reads the whole request. Without it every call fails.
 */
export async function startFailing(
  spare: (req: IncomingMessage) => Promise<Buffer | null> = async (req) => {
    await req.resume().toArray()
    return null
  },
): Promise<{ url: string; fail: Failure; close(): Promise<void> }> {
  const at = { url: '', fail: '500' as Failure, close }
  const server = createServer((req, res) => {
    void spare(req).then((good) => {
      if (good) res.writeHead(200, JSON_TYPE).end(good)
      else answer(res, at.fail)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  at.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return at

  function close(): Promise<void> {
    server.closeAllConnections()
    return new Promise((done) => server.close(() => done()))
  }
}

function answer(res: ServerResponse, fail: Failure): void {
  switch (fail) {
    case '429':
      res.writeHead(429, { 'retry-after': '1' }).end('Too Many Requests')
      return
    case '500':
      res.writeHead(500).end('Internal Server Error')
      return
    case 'time-out':
      return
    case 'reset':
      res.socket?.resetAndDestroy()
      return
    case 'half an answer':
      res.writeHead(200, { ...JSON_TYPE, 'content-length': '400' })
      res.write('{"data":[{"id":"1"')
      setTimeout(() => res.socket?.destroy(), 20)
      return
    case 'HTML instead of data':
      res
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><html><body>Maintenance<p>Back soon</body></html>')
      return
    case 'an empty answer':
      res.writeHead(200, { 'content-length': '0' }).end()
      return
    case 'wrong charset':
      res
        .writeHead(200, JSON_TYPE)
        .end(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xd6, 0xd0, 0x22, 0x7d]))
      return
    default:
      res.writeHead(200, JSON_TYPE).end(JSON.stringify({ data: 'x'.repeat(64 * 1024) }))
  }
}
