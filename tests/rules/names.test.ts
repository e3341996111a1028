import { describe, expect, it } from 'vitest'
import { filesUnder, sources } from './source.ts'

const FOLDERS = ['src', 'connectors', 'mappings', 'tests', 'bench', 'docs', '.ci']
const MEANINGLESS = ['util', 'utils', 'common', 'helper', 'helpers', 'shared', 'misc']
const paths = filesUnder(...FOLDERS)

/** Files whose names others chose: tools look for exactly these. */
const GIVEN = /(^|\/)(README(\.zh-CN)?\.md|Dockerfile|\.gitkeep)$/

describe('names', () => {
  it('files and folders are kebab-case', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/
    const wrong = paths.filter((path) => {
      const parts = path.replace(/^\.ci\//, '').split('/')
      return (
        !GIVEN.test(path) &&
        !parts.every((part) => kebab.test(part) || /^\d{4}[-_][a-z0-9_-]+\.(sql|md)$/.test(part))
      )
    })
    expect(wrong).toEqual([])
  })

  it('no home without a meaning', () => {
    const words = (path: string) => path.split('/').map((part) => part.replace(/\..*$/, ''))
    expect(paths.filter((path) => words(path).some((word) => MEANINGLESS.includes(word)))).toEqual([])
  })

  it('no barrel files', () => {
    const barrels = paths.filter((path) => /(^|\/)index\.ts$/.test(path))
    const reexports = sources('src', 'connectors').filter((file) => /^export \* from /m.test(file.text))
    expect([...barrels, ...reexports.map((file) => file.path)]).toEqual([])
  })
})
