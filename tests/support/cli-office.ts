/** The program as a shell runs it, beside an office whose ledger is reached over the control socket of its folder. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serveControl } from '../../src/runtime/control.ts'
import { controlPath } from '../../src/runtime/control-protocol.ts'
import { openOffice } from './office.ts'

export const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** What its folder is configured with. */
export const CONFIG = `company: { zone: Asia/Shanghai, currency: CNY }
connections:
  web: { use: shopify, settings: { base: "http://127.0.0.1:1", token: "\${T}", secret: "\${T}" } }
  nc: { use: naive-erp, settings: { base: "http://127.0.0.1:1", token: "\${T}" } }
flows:
  web-orders: { shops: [web], erp: nc, from: 2026-01-01T00:00:00Z, mode: shadow }
`

export interface Ran {
  code: number | null
  out: string
  err: string
  /** What was printed, untouched. */
  bytes: Buffer
}

/** Runs it with nothing of this process's language in its environment. */
export function runProgram(args: string[], cwd: string, env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { PATH: process.env.PATH, T: 'secret-of-the-test', ...env },
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk) => out.push(chunk))
    child.stderr.on('data', (chunk) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      const bytes = Buffer.concat(out)
      resolve({ code, bytes, out: bytes.toString(), err: Buffer.concat(err).toString() })
    })
  })
}

/** A folder with a configuration and an empty data folder. */
export function cliFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-cli-'))
  writeFileSync(join(folder, 'tributary.yaml'), CONFIG)
  mkdirSync(join(folder, 'data'))
  return folder
}

/** An office that holds the folder's data, as a running process would; `close` removes the folder. */
export async function openCliOffice(folder: string, codes?: Parameters<typeof openOffice>[0]) {
  const office = await openOffice(codes)
  const control = await serveControl(office.operations, controlPath(join(folder, 'data')))
  const close = async () => {
    await control.close()
    await office.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { office, close }
}
