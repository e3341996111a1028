/** The code blocks of a guide, by what its info strings say: files with their path, commands in their order. */
import { readFileSync } from 'node:fs'

export interface GuideParts {
  /** Path → whole text, of blocks such as ```yaml connectors/acme/connector.yaml. */
  files: Map<string, string>
  /** Blocks of commands in order; `terminal`: one that goes on running. */
  steps: { terminal: boolean; lines: string[]; before: string[] }[]
}

/** `before`: the files shown before that step, so that what a page tells in the wrong order fails. */
export function readGuide(file: string): GuideParts {
  const parts: GuideParts = { files: new Map(), steps: [] }
  const text = readFileSync(file, 'utf8')
  for (const [, info = '', body = ''] of text.matchAll(/^```([^\n`]*)\n([\s\S]*?)^```$/gm)) {
    const [language, place] = info.trim().split(/\s+/)
    if (language === 'sh') {
      const lines = body.split('\n').filter((line) => line.trim() !== '')
      parts.steps.push({ terminal: place === 'terminal', lines, before: [...parts.files.keys()] })
    } else if (place) parts.files.set(place, body)
  }
  return parts
}
