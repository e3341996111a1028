/**
 * One owner per data folder. Two processes on one embedded database lose acknowledged rows, so the folder
 * is locked before anything is opened. The lock is the kernel's own file lock, taken through SQLite: it
 * ends with the process however that dies, so there is no stale lock to judge by pid, boot or host, and
 * two starters cannot both win (docs/decisions/0002-folder-lock.md).
 */
import fs from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ledgerError } from '../core/errors/ledger.ts'

export interface FolderLock {
  release(): void
}

/** Locks held by this process: a collected handle would drop its lock. */
const held = new Set<DatabaseSync>()

/** Takes the lock or throws LEDGER_FOLDER_HELD naming the owner's pid. */
export function lockFolder(folder: string): FolderLock {
  const owner = path.join(folder, 'owner.json')
  const db = new DatabaseSync(path.join(folder, 'owner.lock'))
  try {
    db.exec('pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    db.close()
    if (!/locked|busy/i.test(String((error as Error).message))) throw error
    throw ledgerError('LEDGER_FOLDER_HELD', { folder, owner: describeOwner(owner) }, error)
  }
  fs.writeFileSync(owner, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }), {
    mode: 0o600,
  })
  held.add(db)
  return {
    release() {
      if (!held.delete(db)) return
      fs.rmSync(owner, { force: true })
      db.close()
    },
  }
}

function describeOwner(file: string): string {
  if (!fs.existsSync(file)) return 'another process'
  try {
    const { pid, since } = JSON.parse(fs.readFileSync(file, 'utf8')) as { pid: number; since: string }
    return `process ${pid}, running since ${since}`
  } catch {
    return 'another process'
  }
}
