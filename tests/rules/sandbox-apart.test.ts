import { describe, expect, it } from 'vitest'
import { filesUnder, read, sources } from './source.ts'

/**
 * The sandboxes' raw contents are for people, tests and the quickstart's board and comparer. If the product
 * read them, a green comparison would prove nothing.
 */
// texts only tell people where to look; the conformance kit only judges connectors
const MAY_READ_RAW = [
  /^src\/sandbox\//,
  /^src\/conformance\//,
  /^src\/cli\/quickstart\//,
  /^src\/cli\/text\//,
]

const product = sources('src', 'connectors').filter(
  (file) => !MAY_READ_RAW.some((allowed) => allowed.test(file.path)),
)

describe('the product and the sandboxes', () => {
  it('nothing in the product mentions /_sandbox/', () => {
    expect(product.length).toBeGreaterThan(10)
    expect(product.filter((file) => file.text.includes('/_sandbox')).map((file) => file.path)).toEqual([])
  })

  it('no mapping or manifest does', () => {
    const yaml = filesUnder('connectors', 'mappings').filter((path) => path.endsWith('.yaml'))
    expect(yaml.filter((path) => read(path).includes('/_sandbox'))).toEqual([])
  })
})
