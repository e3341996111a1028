/**
 * The sandbox of Lumavega, a marketplace that exists nowhere else: its published text is api.md. Everything under
 * `/_sandbox/` is for tests and people; no product code may call it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createFaults, faultAfter, faultBefore } from '../faults.ts'
import { readBody, sendJson, serveSandbox } from '../serve.ts'
import { createControl } from './control.ts'
import { createGateway, GATEWAY_FAULTS } from './gateway.ts'
import { createMethods } from './methods.ts'
import type { LumavegaOptions } from './options.ts'
import { openStore } from './store.ts'
import { createWebhooks, WEBHOOK_FAULTS } from './webhooks.ts'

/** A running sandbox. */
export interface Running {
  url: string
  close(): Promise<void>
}

const BODY_LIMIT = 1024 * 1024
const SHOP = Object.freeze({ id: 880012, name: 'Tés del Sur 🍵' })

/** Starts the marketplace on 127.0.0.1, with what its log holds. Rejects when the port is taken or the log broken. */
export async function startLumavega(options: LumavegaOptions): Promise<Running> {
  const parts = openParts(options)
  return serveSandbox({
    name: 'lumavega',
    port: options.port,
    route: (req, res) => serve(parts, req, res),
    stop: () => parts.close(),
  })
}

type Parts = ReturnType<typeof openParts>

/** Everything behind the server, put together. */
function openParts(options: LumavegaOptions) {
  const { webhookUrl } = options
  const store = openStore(options.log, webhookUrl !== undefined)
  const faults = createFaults([...GATEWAY_FAULTS, ...WEBHOOK_FAULTS], options.seed)
  const hookOptions =
    webhookUrl === undefined
      ? null
      : {
          url: webhookUrl,
          secret: options.hookSecret,
          shop: SHOP.id,
          retryScale: options.retryScale ?? 1,
          answerTimeout: options.answerTimeout ?? 3000,
        }
  const webhooks = createWebhooks(store, faults, hookOptions)
  const { methods, close: stopProcess } = createMethods({
    store,
    faults,
    shop: SHOP,
    processAfter: options.processAfter ?? [200, 1500],
    history: options.history ?? 90,
    notify: webhooks.enqueue,
  })
  const gateway = createGateway({
    ...options,
    rate: options.rate ?? 20,
    methods,
    faults,
    isSessionValid: store.session,
  })
  const control = createControl({ store, faults, webhooks, gateway })
  const close = () => {
    control.close()
    stopProcess()
    webhooks.close()
    store.close()
  }
  return { faults, gateway, control, close }
}

async function serve(parts: Parts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://sandbox')
  const body = await readBody(req, BODY_LIMIT)
  if (url.pathname.startsWith('/_sandbox/')) {
    const answer = await parts.control.answer(req.method ?? 'GET', url, body ?? Buffer.alloc(0))
    return sendJson(res, answer.status, answer.body)
  }
  if (url.pathname !== '/gateway') {
    res.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not Found')
    return
  }
  if (await faultBefore(parts.faults, res)) return
  const contentType = req.headers['content-type'] ?? ''
  const answer = parts.gateway.answer({ httpMethod: req.method ?? '', contentType, body })
  if (!faultAfter(parts.faults, res)) sendJson(res, 200, answer)
}
