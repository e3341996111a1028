/**
 * A copy of the embedded database's files as a crash would leave them, which the copy recovers from when it
 * is opened. Most is copied while the database works on; only what changed meanwhile is copied again while
 * it is held, so that webhooks wait for that part alone.
 */
import fs from 'node:fs/promises'
import path from 'node:path'

interface Copied {
  size: number
  mtime: number
  /** When the copy began. Milliseconds. */
  at: number
}

/** The clock of some file systems moves in steps: what changed this shortly before is copied again. */
const STEP = 2000

/** Files by path below the folder, with what was copied of them. */
export type Copies = Map<string, Copied>

/**
 * Copies every file that is not in `copies` as it is now, and removes from the copy what is gone. To be
 * called once while the database works and a last time while it is held.
 */
export async function copyCluster(from: string, to: string, copies: Copies): Promise<void> {
  const seen = new Set<string>()
  for (const entry of await fs.readdir(from, { recursive: true, withFileTypes: true })) {
    const name = path.relative(from, path.join(entry.parentPath, entry.name))
    if (entry.isDirectory()) await fs.mkdir(path.join(to, name), { recursive: true, mode: 0o700 })
    if (!entry.isFile()) continue
    if (await copyFile(from, to, name, copies)) seen.add(name)
  }
  for (const name of copies.keys()) {
    if (seen.has(name)) continue
    copies.delete(name)
    await fs.rm(path.join(to, name), { force: true })
  }
}

/** False when the file went away meanwhile. */
async function copyFile(from: string, to: string, name: string, copies: Copies): Promise<boolean> {
  const at = Date.now()
  const source = path.join(from, name)
  try {
    const { size, mtimeMs: mtime } = await fs.stat(source)
    const known = copies.get(name)
    if (known && known.size === size && known.mtime === mtime && mtime < known.at - STEP) return true
    await fs.mkdir(path.dirname(path.join(to, name)), { recursive: true, mode: 0o700 })
    await fs.copyFile(source, path.join(to, name))
    copies.set(name, { size, mtime, at })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
