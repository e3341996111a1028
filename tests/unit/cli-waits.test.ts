/** A command given while another process takes the folder: it waits until that one listens, or has gone. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { lockFolder } from '../../src/ledger/folder-lock.ts'
import { cliFolder, openCliOffice, runProgram } from '../support/cli-office.ts'

test('one that starts is asked as soon as it listens', async () => {
  const folder = cliFolder()
  const lock = lockFolder(join(folder, 'data'))
  const asked = runProgram(['pause', '--json'], folder)
  await sleep(1_500)
  const { close } = await openCliOffice(folder)
  try {
    expect(await asked).toMatchObject({ code: 0, err: '', out: '[]\n' })
  } finally {
    lock.release()
    await close()
  }
}, 60_000)

test('one that ends leaves the folder to the command', async () => {
  const folder = cliFolder()
  const lock = lockFolder(join(folder, 'data'))
  const asked = runProgram(['pause', '--json'], folder)
  await sleep(1_500)
  lock.release()
  expect(await asked).toMatchObject({ code: 0, err: '' })
  rmSync(folder, { recursive: true })
}, 60_000)
