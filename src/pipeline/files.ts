/**
 * files: records that arrive as files in a folder (an export, a dump, what somebody saved from a shop). A
 * line of a .jsonl file is a record, any other file is one. A file is moved to done/ after its records are
 * committed; dying in between costs nothing, for the records' keys are known.
 */
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Connection, ReadStream } from '../core/ports.ts'
import { appendRecords, bodyHash, type InboxRow } from '../ledger/inbox.ts'
import type { Pipe, Stopping } from './pipe.ts'
import { wakeFor } from './receive.ts'

/** A file that was written to within this time may not be whole yet. Milliseconds. */
const RESTING = 1_000
/** Larger files are left where they are, with a warning. Bytes. */
const LARGEST = 100 * 1024 * 1024
/** Most records of one commit. */
const BATCH = 500

const CONTENT_TYPES: Record<string, string> = {
  '.json': 'application/json',
  '.jsonl': 'application/json',
  '.xml': 'text/xml',
}

export interface Drop {
  folder: string
  /** Which of the stream's mappings reads them. */
  shape: string
}

/** Takes in every whole file of the folder, by name. A missing folder is made. */
export async function receiveFiles(
  pipe: Pipe,
  connection: Connection,
  stream: ReadStream,
  drop: Drop,
  stopping: Stopping,
): Promise<void> {
  await mkdir(join(drop.folder, 'done'), { recursive: true })
  const names = (await readdir(drop.folder))
    .filter((name) => CONTENT_TYPES[extname(name)] !== undefined)
    .sort()
  for (const name of names) {
    if (stopping.asked) return
    await receiveFile(pipe, connection, stream, drop, name)
  }
}

async function receiveFile(
  pipe: Pipe,
  connection: Connection,
  stream: ReadStream,
  drop: Drop,
  name: string,
): Promise<void> {
  const path = join(drop.folder, name)
  const { mtimeMs, size } = await stat(path)
  if (Date.now() - mtimeMs < RESTING) return
  if (size > LARGEST) {
    pipe.log('warn', 'file too large', { connection: connection.id, stream: stream.name, file: name, size })
    return
  }
  const rows = fileRows(connection.id, stream.name, drop.shape, name, await readFile(path))
  for (let i = 0; i < rows.length; i += BATCH) {
    const part = rows.slice(i, i + BATCH)
    await wakeFor(pipe, part, await appendRecords(pipe.db, part))
  }
  await rename(path, join(drop.folder, 'done', `${new Date().toISOString().replaceAll(':', '')}-${name}`))
  pipe.log('info', 'file received', {
    connection: connection.id,
    stream: stream.name,
    file: name,
    count: rows.length,
  })
}

/** Records of one file, byte for byte. Their place in the file is their key, so equal lines are both kept. */
export function fileRows(
  connection: string,
  stream: string,
  shape: string,
  name: string,
  bytes: Buffer,
): InboxRow[] {
  const bodies = extname(name) === '.jsonl' ? lines(bytes) : [bytes]
  return bodies.map((body, n) => ({
    connection,
    stream,
    shape,
    externalId: null,
    origin: 'file',
    contentType: CONTENT_TYPES[extname(name)]!,
    body,
    hint: false,
    key: `file:${stream}:${name}:${n}`,
    hash: bodyHash(body),
  }))
}

function lines(bytes: Buffer): Buffer[] {
  const out: Buffer[] = []
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(10, from)
    const line = bytes.subarray(from, end < 0 ? bytes.length : end)
    if (line.toString('latin1').trim() !== '') out.push(line)
    from = end < 0 ? bytes.length : end + 1
  }
  return out
}
