import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { filesUnder, parse, read, sources } from './source.ts'

const hooks = sources('connectors').filter((file) => !file.path.includes('/fixtures/'))
const manifests = filesUnder('connectors').filter((path) => path.endsWith('/connector.yaml'))

/** Long hooks are cut into parts, which only the hooks of the same folder import. */
const PART = /^\.\/hooks-[a-z]+\.ts$/

/** Why a file of a connector breaks its contract, or null. */
function breach(file: ReturnType<typeof parse>): string | null {
  for (const found of file.imports) {
    if (PART.test(found.specifier)) continue
    if (found.specifier !== 'tributary/hooks') return `imports ${found.specifier}`
    if (!found.typeOnly) return `imports values of ${found.specifier}`
  }
  if (/^\s*(export\s+)?(abstract\s+)?class\s/m.test(file.text)) return 'has a class'
  if (/\/hooks-[a-z]+\.ts$/.test(file.path)) return null
  if (!/export default \{[\s\S]*\} satisfies Hooks/.test(file.text))
    return 'exports no `{ … } satisfies Hooks`'
  return null
}

describe('connectors', () => {
  it('the only code is hooks.ts and its parts: a plain object that imports types of tributary/hooks', () => {
    const wrong = hooks.map((file) => {
      const name = /^connectors\/[a-z0-9-]+\/hooks(-[a-z]+)?\.ts$/.test(file.path) ? null : 'is not hooks.ts'
      return [file.path, name ?? breach(file)] as const
    })
    expect(wrong.filter(([, why]) => why !== null)).toEqual([])
  })

  it('the folder is the registration: its name is the id, and it says what it is', () => {
    const folders = new Set(
      filesUnder('connectors').flatMap((path) => /^connectors\/([^/]+)\//.exec(path)?.[1] ?? []),
    )
    const wrong = [...folders].filter((folder) => {
      const manifest = `connectors/${folder}/connector.yaml`
      const complete =
        manifests.includes(manifest) &&
        filesUnder(`connectors/${folder}`).includes(`connectors/${folder}/README.md`)
      return !complete || (parseYaml(read(manifest)) as { id?: unknown }).id !== folder
    })
    expect(wrong).toEqual([])
  })

  it.each([
    ["import { x } from 'tributary/hooks'\nexport default {} satisfies Hooks", /values/],
    ["import type { M } from '../../src/core/money.ts'\nexport default {} satisfies Hooks", /money/],
    ["import { x } from '../taobao/hooks-part.ts'\nexport default {} satisfies Hooks", /taobao/],
    ['class A {}\nexport default {} satisfies Hooks', /class/],
    ['export default {}', /satisfies/],
  ])('refuses %j', (text, why) => {
    expect(breach(parse('connectors/a/hooks.ts', text))).toMatch(why)
  })
})
