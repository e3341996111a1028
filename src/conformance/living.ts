/** Sandboxes as remotes that count what they hold, for operations that are hooks: `conformance.yaml` names one. */
import { connectorError } from '../core/errors/connector.ts'
import type { Subject } from './subject.ts'

export interface LivingRemote {
  url: string
  /** Documents that it holds. */
  count(): Promise<number>
  /** The answer to the next call is lost after its work was done. */
  loseNext(): Promise<void>
  /** Why it could not answer; null for a remote that always can. */
  cannot(): string | null
  close(): Promise<void>
}

interface Known {
  start(options: Record<string, unknown>): Promise<{ url: string; close(): Promise<void> }>
  /** Where it shows what it holds, and in which member. */
  held: [path: string, member: string | null]
}

/** Loaded when named: no other connector pays for them. */
const SANDBOXES: Record<string, Known> = {
  'naive-erp': {
    start: async (o) => (await import('../sandbox/naive-erp/server.ts')).startNaiveErp(o as never),
    held: ['/_sandbox/documents', 'documents'],
  },
  'yonyou-nc': {
    start: async (o) => (await import('../sandbox/yonyou-nc/server.ts')).startYonyouNc(o as never),
    held: ['/_sandbox/bills', 'bills'],
  },
}

/** Throws CONNECTOR_FOLDER for a sandbox that the kit cannot count in. */
export async function startSandbox({ hints, folder }: Subject): Promise<LivingRemote> {
  const known = SANDBOXES[hints.sandbox!]
  if (!known) {
    const names = Object.keys(SANDBOXES).join(', ')
    const reason = {
      en: `conformance.yaml: the kit counts documents in the sandboxes ${names} only`,
      zh: `conformance.yaml：只能在以下沙箱中统计单据：${names}`,
    }
    throw connectorError('CONNECTOR_FOLDER', { folder, reason })
  }
  const { url, close } = await known.start(hints.options ?? {})
  const [path, member] = known.held
  return {
    url,
    async count() {
      const held = (await (await fetch(url + path)).json()) as unknown
      const list = Array.isArray(held) ? held : (held as Record<string, unknown>)[member!]
      if (!Array.isArray(list)) throw new TypeError(`${path} shows no list`)
      return list.length
    },
    async loseNext() {
      const fault = { resetAfter: { probability: 1, times: 1 } }
      await fetch(`${url}/_sandbox/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      })
    },
    cannot: () => null,
    close: () => close(),
  }
}
