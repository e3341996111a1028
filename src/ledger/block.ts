/**
 * Blocks: the untouched bytes of the records of one commit, one after the other, compressed together. Records
 * of one source are alike, so together they shrink to a fraction of what each would alone, and the database
 * moves and keeps that fraction.
 */
import { promisify } from 'node:util'
import zlib from 'node:zlib'

const compressLarge = promisify(zlib.zstdCompress)
const decompress = promisify(zlib.zstdDecompress)

/** Bytes of bodies in one block, before compression. One larger body is a block of its own. */
const BLOCK = 512 * 1024

/** The fastest regular level: higher ones gain little on orders. The checksum tells damage from content. */
const OPTIONS = {
  params: { [zlib.constants.ZSTD_c_compressionLevel]: 1, [zlib.constants.ZSTD_c_checksumFlag]: 1 },
}

/** Where a body is: `block` counts from 0 in the order of the packed blocks, `start` and `size` in bytes. */
export interface Place {
  block: number
  start: number
  size: number
}

/** Packs bodies, in order; `null` (no body) gets no place. */
export async function pack(
  bodies: (Buffer | null)[],
): Promise<{ places: (Place | null)[]; blocks: Buffer[] }> {
  const contents: Buffer[][] = []
  let size = BLOCK
  const places = bodies.map((body) => {
    if (body === null) return null
    if (size + body.length > BLOCK && size > 0) {
      contents.push([])
      size = 0
    }
    const place = { block: contents.length - 1, start: size, size: body.length }
    contents.at(-1)!.push(body)
    size += body.length
    return place
  })
  const blocks = await Promise.all(contents.map((parts) => compress(Buffer.concat(parts))))
  return { places, blocks }
}

/** A full block takes about a millisecond, less than handing it to another thread and back on a busy machine. */
async function compress(block: Buffer): Promise<Buffer> {
  return block.length > BLOCK ? compressLarge(block, OPTIONS) : zlib.zstdCompressSync(block, OPTIONS)
}

/**
 * The bytes of one block; null when they are damaged, so that its records can be parked with their reason while
 * others go on.
 */
export async function unpack(block: Buffer): Promise<Buffer | null> {
  try {
    return await decompress(block)
  } catch {
    return null
  }
}
