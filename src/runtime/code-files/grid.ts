/** A table as it stood in a file: rows of cells, before anybody knows what the columns mean. */

/** `wrong`: a cell whose text is not what the person who wrote it saw, or may not be. */
export type Cell = { text: string } | { wrong: 'number' | 'date' | 'kind'; found: string; number?: number }

export interface GridRow {
  /** As Excel counts them: from 1. */
  row: number
  cells: Cell[]
}

/** `A`, `B`, … `Z`, `AA`: 0 is the first. */
export function columnLetters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : columnLetters(Math.floor(index / 26) - 1) + last
}
