/** A table as it stood in a file: rows of cells, before anybody knows what the columns mean. */

/** `wrong`: a cell whose text is not what the person who wrote it saw, or may not be. */
export type Cell =
  | { text: string }
  | {
      wrong: 'number' | 'date' | 'kind'
      found: string
      number?: number
      /** `yyyy-MM-dd HH:mm:ss.SSS`, in no zone: what the sheet shows. */
      date?: string
    }

export interface GridRow {
  /** As Excel counts them: from 1. */
  row: number
  /** Of the text it was read from, from 1: a cell may hold line ends. */
  line: number
  cells: Cell[]
  /** A quote is never closed, or closed before its cell ends: other rows may be in its cells. */
  torn?: true
}

/** `A`, `B`, … `Z`, `AA`: 0 is the first. */
export function columnLetters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : columnLetters(Math.floor(index / 26) - 1) + last
}
