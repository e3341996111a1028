/** Tables in a terminal: columns as wide as their widest cell, Chinese characters counted as two. */

/** East Asian wide and fullwidth ranges (Unicode TR 11, in the coarse form that terminals use), and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: remote texts must not steer the terminal
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g

/** Columns that a text takes up. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += WIDE.test(character) ? 2 : 1
  return width
}

/** A text from outside, safe to print on one line. */
export function clean(text: string): string {
  return text.replace(CONTROL, ' ')
}

/** Rows under their titles. Cells are cleaned; the last column is not padded. */
export function table(titles: string[], rows: (string | number | null)[][]): string {
  const cells = rows.map((row) => row.map((cell) => (cell === null ? '—' : clean(String(cell)))))
  const widths = titles.map((title, i) =>
    Math.max(widthOf(title), ...cells.map((row) => widthOf(row[i] ?? ''))),
  )
  const line = (row: string[]) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat(widths[i]! - widthOf(cell))))
      .join('  ')
      .trimEnd()
  return [titles, ...cells].map(line).join('\n')
}

/** `2026-03-01T08:00:00.000Z` → `2026-03-01 08:00:00Z`. */
export function instant(iso: string | null): string {
  return iso === null ? '—' : iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z')
}
