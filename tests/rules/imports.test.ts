import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cycles, folderOf, LEVELS, violation } from './levels.ts'
import { filesUnder, parse, ROOT, sources } from './source.ts'

const files = sources('src', 'connectors', 'tests', 'bench')
const known = new Set(filesUnder('src', 'connectors', 'tests', 'bench', 'mappings', 'docs', '.ci'))

describe('imports', () => {
  it('reads every file and finds imports in them', () => {
    expect(files.length).toBeGreaterThan(20)
    expect(files.flatMap((file) => file.imports).length).toBeGreaterThan(files.length)
  })

  it('name files that exist, with their extension', () => {
    const missing = files.flatMap((file) =>
      file.imports
        .filter(({ target }) => target !== null && !known.has(target) && !existsSync(join(ROOT, target)))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    )
    expect(missing).toEqual([])
  })

  it('go to the own folder or to a lower level', () => {
    const wrong = files.flatMap((file) =>
      file.imports.flatMap(({ target }) => {
        const why = target === null || file.path.startsWith('tests/') ? null : violation(file.path, target)
        return why ? [`${file.path} imports ${target}: ${why}`] : []
      }),
    )
    expect(wrong).toEqual([])
  })

  it('have no cycle, types included', () => {
    const edges = new Map<string, string[]>()
    for (const file of files)
      edges.set(
        file.path,
        file.imports.flatMap(({ target }) => target ?? []),
      )
    expect(cycles(edges).map((cycle) => cycle.join(' → '))).toEqual([])
  })

  it('every folder of src has a level', () => {
    const folders = new Set(filesUnder('src').map((path) => folderOf(path)))
    expect([...folders].filter((folder) => folder === null || LEVELS[folder] === undefined)).toEqual([])
  })
})

describe('the rule itself', () => {
  it.each([
    ['src/core/money.ts', 'src/ledger/push.ts', /up/],
    ['src/ledger/push.ts', 'src/queue/queue.ts', /siblings/],
    ['src/sandbox/nc/server.ts', 'src/core/ports.ts', /sandbox/],
    ['connectors/x/hooks.ts', 'src/core/money.ts', /hooks/],
    ['src/core/a.ts', 'tests/support/leaks.ts', /only from src/],
  ])('refuses %s → %s', (from, to, why) => {
    expect(violation(from, to)).toMatch(why)
  })

  it('allows what lies below', () => {
    expect(violation('src/cli/main.ts', 'src/core/money.ts')).toBeNull()
    expect(violation('src/sandbox/nc/server.ts', 'src/core/money.ts')).toBeNull()
  })

  it('finds a cycle through a type', () => {
    const a = parse('src/core/a.ts', "import type { B } from './b.ts'\nexport type A = B\n")
    const b = parse('src/core/b.ts', "export type { A as B } from './a.ts'\n")
    const edges = new Map([a, b].map((file) => [file.path, file.imports.map(({ target }) => target!)]))
    expect(cycles(edges)).toHaveLength(1)
  })
})
