/** Files in a folder of this machine (or one that is mounted). */
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sourceError } from '../../core/errors/source.ts'
import { type Entry, type Store, stamped } from './store.ts'

/** Opens nothing; a folder that is not there shows when it is read. */
export function folderStore(connection: string, folder: string, limit: number): Store {
  const trouble = (error: unknown) => {
    const { code = 'no code' } = error as { code?: string }
    const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
    const detail = { connection, host: folder, reason: code }
    return sourceError(denied ? 'SOURCE_REFUSED' : 'SOURCE_AWAY', detail, error)
  }
  const list = async (): Promise<Entry[]> => {
    try {
      const found = await readdir(folder, { withFileTypes: true })
      const files = found.filter((one) => one.isFile())
      return (await Promise.all(files.map(({ name }) => entryOf(folder, name)))).filter((e) => e !== null)
    } catch (error) {
      throw trouble(error)
    }
  }
  return {
    list,
    async read({ name, size }, signal) {
      if (size > limit) throw tooLarge(connection, name, size, limit)
      try {
        return await readFile(join(folder, name), { signal })
      } catch (error) {
        throw trouble(error)
      }
    },
    async move(name, to) {
      try {
        await mkdir(join(folder, to), { recursive: true })
        const taken = await stat(join(folder, to, name)).catch(() => null)
        await rename(join(folder, name), join(folder, to, taken ? stamped(name) : name))
      } catch (error) {
        throw trouble(error)
      }
    },
    async check() {
      const files = await list()
      return `the folder holds ${files.length} files`
    },
    close: () => Promise.resolve(),
  }
}

/** Null for a file that was taken away meanwhile. */
async function entryOf(folder: string, name: string): Promise<Entry | null> {
  try {
    const { size, mtimeMs } = await stat(join(folder, name))
    return { name, size, modified: Math.floor(mtimeMs) }
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null
    throw error
  }
}

/** A person must look: neither waiting nor trying again makes it smaller. */
export function tooLarge(connection: string, name: string, size: number, limit: number): Error {
  const reason = {
    en: `the file "${name}" has ${size} bytes, more than ${limit}`,
    zh: `文件“${name}”有 ${size} 字节，超过 ${limit}`,
  }
  return sourceError('SOURCE_REFUSED', { connection, host: 'files', reason })
}
