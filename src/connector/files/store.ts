/** A place where files lie. Paths are names in the stream's folder; nothing here deletes a file. */

export interface Entry {
  name: string
  /** Bytes. */
  size: number
  /** Milliseconds since 1970, by the server's clock. */
  modified: number
}

export interface Store {
  /** Files of the folder itself. Throws SOURCE_*. */
  list(signal: AbortSignal): Promise<Entry[]>
  /** Throws SOURCE_AWAY for a file larger than the limit or gone. */
  read(entry: Entry, signal: AbortSignal): Promise<Buffer>
  /** Into a folder of the folder, which is made; under a name with the time before it where that name is taken. */
  move(name: string, to: string, signal: AbortSignal): Promise<void>
  /** Throws SOURCE_*. */
  check(signal: AbortSignal): Promise<string>
  close(): Promise<void>
}

/** Largest file, unless the manifest says otherwise. Bytes. */
export const LARGEST = 64 * 1024 * 1024

/** A name that is free beside others of the same name. */
export const stamped = (name: string, now = new Date()): string =>
  `${now.toISOString().replaceAll(':', '')}-${name}`
