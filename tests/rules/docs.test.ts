import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generatedPages } from '../../docs/generate.ts'
import { filesUnder, read, sources } from './source.ts'

const generated = await generatedPages()
const pages = [
  ...filesUnder('docs', 'connectors').filter((path) => path.endsWith('.md')),
  'README.md',
  'README.zh-CN.md',
  'CONTRIBUTING.md',
]

/** Relative links of a page that lead nowhere. */
function brokenLinks(page: string): string[] {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!.replace(/#.*$/, ''))
  return links
    .filter((link) => link !== '' && !/^[a-z]+:/.test(link))
    .filter((link) => !existsSync(posix.join(posix.dirname(page), link)))
    .map((link) => `${page} → ${link}`)
}

/** Everything between ``` fences that starts with a shell command of ours. */
function commands(page: string): string[] {
  return [...read(page).matchAll(/^(npm (?:ci|start|test|run)[^\n#]*)/gm)].map((match) => match[1]!.trim())
}

describe('docs', () => {
  it.each(Object.entries(generated))('%s is what `npm run docs` writes', (path, text) => {
    expect(read(path)).toBe(text)
  })

  it('links between pages lead somewhere', () => {
    expect(pages.flatMap(brokenLinks)).toEqual([])
  })

  it('pages that the source names are there', () => {
    const named = sources('src', 'connectors', 'bench', 'tests').flatMap(({ path, text }) =>
      [...text.matchAll(/\bdocs\/[\w./-]+\.md\b/g)].map(([page]) => [page, path] as const),
    )
    expect(named.filter(([page]) => !existsSync(page))).toEqual([])
  })

  it('both READMEs give the same commands', () => {
    expect(commands('README.md').length).toBeGreaterThan(2)
    expect(commands('README.zh-CN.md')).toEqual(commands('README.md'))
  })

  it('commands and options that the pages show exist', () => {
    const sections = new Map(
      [...generated['docs/reference/cli.md']!.matchAll(/^## (.+)\n([\s\S]*?)(?=^## |$(?![\s\S]))/gm)].map(
        ([, name, text]) => [name!, text!] as const,
      ),
    )
    const wrong = pages.flatMap((page) =>
      [
        ...read(page).matchAll(
          /(?:`|^\s*|-- )(?:tributary |npm run tributary -- )([a-z]+)(?: ([a-z][a-z-]*))?([^`\n#]*)/gm,
        ),
      ].flatMap(([shown, command, below, rest]) => {
        const text = sections.get(`${command} ${below}`) ?? sections.get(command!)
        const missing = (rest!.match(/--[a-z-]+/g) ?? []).filter(
          (option) => !text?.includes(`${option} `) && !text?.includes(`${option}\``),
        )
        return text && missing.length === 0 ? [] : [`${page}: ${shown.trim()}`]
      }),
    )
    expect(wrong).toEqual([])
  })

  it('the commands are scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/npm run ([a-z:-]+)/g)].map((match) => match[1]!),
    )
    expect(named.filter((name) => !scripts[name])).toEqual([])
  })
})
