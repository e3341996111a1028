/** Files in a folder of a server that speaks SFTP, by `ssh2`, loaded only when used. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Client, ConnectConfig, FileEntryWithStats, SFTPWrapper } from 'ssh2'
import { TributaryError } from '../../core/errors/error.ts'
import { sourceError } from '../../core/errors/source.ts'
import { untilAborted } from '../give-up.ts'
import { tooLarge } from './folder.ts'
import { type Entry, type Store, stamped } from './store.ts'

export interface SftpAddress {
  connection: string
  host: string
  port: number
  user: string
  password: string
  key: string
  passphrase: string
  /** `SHA256:…` of the server's key. */
  fingerprint: string
  folder: string
  limit: number
}

interface Line {
  client: Client
  sftp: SFTPWrapper
}

/** Connecting may take so long; a line that nobody uses is closed after IDLE. Milliseconds. */
const READY = 15_000
const IDLE = 20_000

/** Status codes of the protocol (draft-ietf-secsh-filexfer-02, 7). */
const NO_SUCH_FILE = 2
const DENIED = 3

type Using = <T>(signal: AbortSignal, work: (sftp: SFTPWrapper) => Promise<T>) => Promise<T>

/** One line for all calls; after a failure, or a while without any, the next call makes a new one. */
function openLine(address: SftpAddress): { using: Using; hangUp(): Promise<void> } {
  let line: Promise<Line> | null = null
  let idle: NodeJS.Timeout | undefined
  const hangUp = async () => {
    clearTimeout(idle)
    const open = await line?.catch(() => null)
    line = null
    open?.client.end()
  }
  const using: Using = async (signal, work) => {
    clearTimeout(idle)
    line ??= dial(address, () => {
      line = null
    })
    try {
      const { sftp } = await line
      return await untilAborted(signal, () => work(sftp))
    } catch (error) {
      await hangUp()
      throw trouble(address, error)
    } finally {
      clearTimeout(idle)
      idle = setTimeout(() => void hangUp(), IDLE).unref()
    }
  }
  return { using, hangUp }
}

/** Opens nothing yet. */
export function sftpStore(address: SftpAddress): Store {
  const { connection, host, folder, limit } = address
  const { using, hangUp } = openLine(address)
  const at = (...parts: string[]) => [folder.replace(/(?<=.)\/+$/, ''), ...parts].join('/')
  const list = (signal: AbortSignal): Promise<Entry[]> =>
    using(signal, async (sftp) => {
      const found = await ask<FileEntryWithStats[]>((done) => sftp.readdir(at(), done))
      return found
        .filter(({ attrs }) => attrs.isFile())
        .map(({ filename, attrs }) => ({ name: filename, size: attrs.size, modified: attrs.mtime * 1000 }))
    })
  return {
    list,
    read(entry, signal) {
      if (entry.size > limit) return Promise.reject(tooLarge(connection, entry.name, entry.size, limit))
      return using(signal, (sftp) => ask<Buffer>((done) => sftp.readFile(at(entry.name), done)))
    },
    move: (name, to, signal) => using(signal, (sftp) => moved(sftp, at(name), at(to), name)),
    async check(signal) {
      return `${host} shows a folder of ${(await list(signal)).length} files`
    },
    close: hangUp,
  }
}

/** A callback of the driver as a promise. */
function ask<T>(call: (done: (error: Error | null | undefined, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) =>
    call((error, value) => (error ? reject(error) : resolve(value as T))),
  )
}

async function moved(sftp: SFTPWrapper, from: string, folder: string, name: string): Promise<void> {
  const is = (path: string) =>
    ask((done) => sftp.stat(path, done)).then(
      () => true,
      () => false,
    )
  if (!(await is(folder))) await ask((done) => sftp.mkdir(folder, done))
  const to = `${folder}/${(await is(`${folder}/${name}`)) ? stamped(name) : name}`
  await ask((done) => sftp.rename(from, to, done))
}

async function dial(address: SftpAddress, gone: () => void): Promise<Line> {
  const { Client } = (await import('ssh2')).default
  const client = new Client()
  let shown = ''
  const { host, port, user, password, key, passphrase, fingerprint } = address
  const config: ConnectConfig = {
    ...{ host, port, username: user, readyTimeout: READY, keepaliveInterval: 10_000 },
    ...(password === '' ? {} : { password }),
    ...(key === '' ? {} : { privateKey: key, ...(passphrase === '' ? {} : { passphrase }) }),
    hostVerifier: (theirs: Buffer) => {
      shown = `SHA256:${createHash('sha256').update(theirs).digest('base64').replace(/=+$/, '')}`
      const [a, b] = [Buffer.from(shown), Buffer.from(fingerprint)]
      return a.length === b.length && timingSafeEqual(a, b)
    },
  }
  return new Promise((resolve, reject) => {
    client.once('ready', () => {
      client.sftp((error, sftp) => (error ? reject(error) : resolve({ client, sftp })))
    })
    client.on('error', (error: Error) => {
      gone()
      reject(shown !== '' && shown !== fingerprint ? stranger(address, shown) : error)
    })
    client.once('close', () => {
      gone()
      reject(new Error('closed'))
    })
    try {
      client.connect(config)
    } catch (error) {
      // a private key that is none, or lacks its passphrase
      const { connection } = address
      const reason = { en: 'the private key cannot be read', zh: '无法读取私钥' }
      reject(sourceError('SOURCE_REFUSED', { connection, host, reason }, error))
    }
  })
}

function stranger({ connection, host, fingerprint }: SftpAddress, shown: string): Error {
  const reason = {
    en: `its key is ${shown}, not ${fingerprint === '' ? 'known: set "fingerprint" once it is certain' : 'the expected one'}`,
    zh: `其主机密钥为 ${shown}，${fingerprint === '' ? '尚未登记：确认无误后请填写 fingerprint' : '与登记的不符'}`,
  }
  return sourceError('SOURCE_REFUSED', { connection, host, reason })
}

function trouble({ connection, host }: SftpAddress, error: unknown): TributaryError {
  if (error instanceof TributaryError) return error
  const { code, level } = error as { code?: string | number; level?: string }
  const denied = level === 'client-authentication' || code === DENIED
  const reason =
    level === 'client-authentication'
      ? 'authentication'
      : code === NO_SUCH_FILE
        ? 'no such file'
        : String(code ?? level ?? 'no answer')
  return sourceError(denied ? 'SOURCE_REFUSED' : 'SOURCE_AWAY', { connection, host, reason }, error)
}
