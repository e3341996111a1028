/** The control socket: what a command hears of the process that holds the data folder. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectControl } from '../../src/cli/control.ts'
import { type Control, serveControl } from '../../src/runtime/control.ts'
import { controlPath } from '../../src/runtime/control-protocol.ts'
import { type Office, openOffice, type Seeded } from '../support/office.ts'

const folder = mkdtempSync(join(tmpdir(), 'tributary-control-'))
let office: Office
let seeded: Seeded
let control: Control

beforeAll(async () => {
  office = await openOffice()
  seeded = await office.seed()
  await office.operations.pause({ connection: 'nc', why: 'stock-taking', by: 'ann' })
  mkdirSync(join(folder, 'data'))
  control = await serveControl(office.operations, controlPath(join(folder, 'data')))
}, 60_000)
afterAll(async () => {
  await control.close()
  await office.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('control socket', () => {
  test('is for its owner alone', () => {
    expect(statSync(control.path).mode & 0o777).toBe(0o600)
  })

  test('a folder that nobody holds, and the socket of a dead process, mean: nobody there', async () => {
    expect(await connectControl(join(folder, 'empty'))).toBeNull()
    const dead = join(folder, 'dead')
    mkdirSync(dead)
    const script = `require('net').createServer().listen(${JSON.stringify(controlPath(dead))}, () => process.kill(process.pid, 'SIGKILL'))`
    await new Promise((ended) => spawn(process.execPath, ['-e', script]).on('close', ended))
    expect(existsSync(controlPath(dead))).toBe(true)
    expect(await connectControl(dead)).toBeNull()
    const taken = await serveControl(office.operations, controlPath(dead))
    const opened = await connectControl(dead)
    expect(await opened!.operations.pauses({})).toHaveLength(1)
    await opened!.close()
    await taken.close()
  })

  test('calls at the same time each get their own answer; errors keep code, detail and kind', async () => {
    const opened = (await connectControl(join(folder, 'data')))!
    const [list, failed, stats] = await Promise.all([
      opened.operations.ordersList({}),
      opened.operations.pushShow({ id: '999999' }).catch((error) => error),
      opened.operations.stats({}),
    ])
    expect(list.items[0]!.key).toBe(seeded.order)
    expect(failed).toMatchObject({
      code: 'RUNTIME_UNKNOWN',
      kind: 'input',
      detail: { what: 'push', id: '999999' },
    })
    expect(stats.received).toBe(1)
    await opened.close()
  })

  test('a process that ends before it answers, and a failure of its own, are told apart', async () => {
    const data = join(folder, 'lost')
    mkdirSync(data)
    const seen: string[] = []
    const odd = {
      ...office.operations,
      doctor: () => new Promise<never>(() => undefined),
      pauses: async () => {
        throw new Error('value "Maria" is not an integer')
      },
    }
    const server = await serveControl(odd, controlPath(data), (_, method) => seen.push(method))
    const opened = (await connectControl(data))!
    const broken = await opened.operations.pauses({}).catch((error) => error)
    expect(broken.code).toBe('RUNTIME_INTERNAL')
    expect(broken.message).not.toContain('Maria')
    expect(seen).toEqual(['pauses'])
    const hanging = opened.operations.doctor({}).catch((error) => error)
    await new Promise((r) => setTimeout(r, 50))
    await server.close()
    expect((await hanging).code).toBe('RUNTIME_CONTROL_LOST')
    expect(await opened.operations.doctor({}).catch((error) => error.code)).toBe('RUNTIME_CONTROL_LOST')
    await opened.close()
  })

  test('a folder whose path is too long for a socket has it elsewhere', () => {
    expect(Buffer.byteLength(controlPath(`/srv/${'x'.repeat(120)}`))).toBeLessThan(104)
  })
})
