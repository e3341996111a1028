/**
 * A load generator on raw keep-alive sockets, cheap enough to share two cores with what it measures. Closed
 * loop: as fast as answers come. Open loop: each request has an intended time, and latency counts from it.
 */
import { connect, type Socket } from 'node:net'
import type { Delivery } from './orders.ts'

export interface LoadResult {
  seconds: number
  perSecond: number
  /** Answers other than 2xx. */
  refused: number
  /** Milliseconds since the epoch at which each request was meant to leave, by order id. */
  intended: Map<string, number>
  /** Milliseconds from intended time to answer, sorted. */
  latency: number[]
}

export interface LoadOptions {
  url: string
  path: string
  connections: number
  /** Requests per second; absent: closed loop. */
  rate?: number
}

interface Lane {
  socket: Socket
  done: (status: number) => void
}

/** Sends every delivery once; resolves when all are answered. */
export async function load(deliveries: Delivery[], options: LoadOptions): Promise<LoadResult> {
  const { hostname, port, host } = new URL(options.url)
  const lanes = await Promise.all(
    Array.from({ length: options.connections }, () => openLane(hostname, Number(port))),
  )
  const intended = new Map<string, number>()
  const latency: number[] = []
  const started = performance.now()
  const epoch = Date.now()
  let refused = 0
  await sendAll(lanes, deliveries.length, options.rate, started, (lane, n, at, answered) => {
    const { orderId, headers, body } = deliveries[n]!
    intended.set(orderId, epoch + at)
    lane.done = (status) => {
      if (status < 200 || status > 299) refused++
      latency.push(performance.now() - started - at)
      answered()
    }
    lane.socket.write(`POST ${options.path} HTTP/1.1\r\nhost: ${host}\r\n${headers}\r\n`)
    lane.socket.write(body)
  })
  const seconds = (performance.now() - started) / 1000
  for (const { socket } of lanes) socket.destroy()
  latency.sort((a, b) => a - b)
  return { seconds, perSecond: deliveries.length / seconds, refused, intended, latency }
}

type Send = (lane: Lane, n: number, at: number, answered: () => void) => void

/** Hands the next request to whichever lane is free, at its intended time where there is a rate. */
function sendAll(
  lanes: Lane[],
  count: number,
  rate: number | undefined,
  started: number,
  send: Send,
): Promise<void> {
  const now = () => performance.now() - started
  let next = 0
  let done = 0
  return new Promise<void>((resolve) => {
    const feed = (lane: Lane): void => {
      if (next >= count) return
      const wait = rate ? (next * 1000) / rate - now() : 0
      if (wait > 1) {
        setTimeout(feed, wait, lane)
        return
      }
      const n = next++
      send(lane, n, rate ? (n * 1000) / rate : now(), () => {
        if (++done === count) resolve()
        else feed(lane)
      })
    }
    for (const lane of lanes) feed(lane)
  })
}

function openLane(host: string, port: number): Promise<Lane> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(lane))
    const lane: Lane = { socket, done: () => undefined }
    let text = ''
    socket.setNoDelay(true)
    socket.once('error', reject)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0)
      if (text.length < end + 4 + length) return
      const status = Number(text.slice(9, 12))
      text = text.slice(end + 4 + length)
      lane.done(status)
    })
  })
}

export function percentile(sorted: number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN
}

export function median(values: number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}
