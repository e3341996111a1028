/** A connector of its own for a test: written into a folder, loaded, opened against a server of the test. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { loadConnector } from '../../src/connector/load.ts'
import { type ConnectionConfig, openConnection } from '../../src/connector/open.ts'
import type { Connection, MapContext, Mapping } from '../../src/core/ports.ts'

export type Reply = (
  path: string,
  body: string,
  method: string,
) => { status?: number; headers?: Record<string, string>; body?: unknown }

/** Registers the clean-up of a test file and gives what its tests use. Called once at the top of the file. */
export function acme() {
  let root = ''
  const closing: (() => unknown)[] = []
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tributary-connector-'))
  })
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
    await rm(root, { recursive: true })
  })

  async function folder(id: string, yaml: string, hooks?: string): Promise<string> {
    const path = join(root, id)
    await mkdir(path, { recursive: true })
    await writeFile(join(path, 'connector.yaml'), yaml)
    if (hooks) await writeFile(join(path, 'hooks.ts'), hooks)
    return path
  }

  const contexts: MapContext[] = []
  /** Hands on what it is given, and remembers under which context. */
  const mapping = async (name: string): Promise<Mapping> => ({
    id: name,
    version: 'v1',
    async map(input, context) {
      contexts.push(context)
      return input
    },
  })

  const config = (settings: Record<string, unknown>) => ({
    id: 'my-shop',
    entity: 'main',
    settings,
    codes: { material: { A: 'B' } },
    company: { zone: 'Asia/Shanghai', currency: 'CNY' },
  })

  async function open(
    yaml: string,
    settings: Record<string, unknown> = {},
    hooks?: string,
    more: Partial<ConnectionConfig> = {},
  ): Promise<Connection> {
    const connection = await openConnection(
      await loadConnector(await folder('acme', yaml, hooks)),
      { ...config(settings), ...more },
      mapping,
    )
    closing.push(() => connection.close())
    return connection
  }

  async function serve(reply: Reply): Promise<string> {
    const server = createServer(async (req, res) => {
      const body = (await Array.fromAsync(req)).join('')
      const answer = reply(req.url ?? '', body, req.method ?? '')
      res.writeHead(answer.status ?? 200, answer.headers).end(JSON.stringify(answer.body ?? null))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  return { folder, open, serve, contexts, root: () => root }
}

export const HEAD = `id: acme
title: Acme
settings:
  base: { type: string, description: Address }
  token: { type: string, secret: true, optional: true, description: Token }
http: { base: "{base}", auth: { bearer: "{token}" } }
`
export const signal = new AbortController().signal
export const window = { since: new Date('2026-11-18T00:00:00.500Z'), until: new Date('2026-11-19T00:00:00Z') }
