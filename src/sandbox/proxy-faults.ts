/**
 * Faults of what stands between a caller and a server: a proxy that answers with its own page, or a line that
 * breaks in the middle of the answer. `htmlBefore` answers a page with status 200 and does nothing (a login or
 * maintenance page), `html` does the work and answers a proxy's 504 page, `half` does the work and cuts the
 * line in the middle of the answer.
 */
import type { ServerResponse } from 'node:http'
import type { Faults } from './faults.ts'

export const PROXY_FAULTS = ['htmlBefore', 'html', 'half'] as const

const page = (title: string) =>
  Buffer.from(
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
  )

/** Call before the work is done. True when a page has been answered instead and nothing may be done. */
export function pageBefore(faults: Faults, res: ServerResponse): boolean {
  if (!faults.hit('htmlBefore')) return false
  sendPage(res, 200, 'Maintenance')
  return true
}

/** An HTML page as a web server makes it by itself. */
export function sendPage(res: ServerResponse, status: number, title: string): void {
  const body = page(title)
  res.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': body.length })
  res.end(body)
}

/** Writes the answer, unless a page or a broken line takes its place. */
export function sendThroughProxy(
  faults: Faults,
  res: ServerResponse,
  answer: { status: number; headers: Record<string, string>; body: Buffer },
): void {
  if (faults.hit('html')) {
    sendPage(res, 504, '504 Gateway Time-out')
    return
  }
  const { status, headers, body } = answer
  res.writeHead(status, { ...headers, 'Content-Length': body.length })
  if (!faults.hit('half')) {
    res.end(body)
    return
  }
  // The end of a socket waits for what is written, so the first half arrives and the rest never does.
  res.write(body.subarray(0, body.length >> 1), () => res.socket?.destroySoon())
}
