import { describe, expect, it } from 'vitest'
import { read } from './source.ts'

interface Entry {
  version?: string
  optional?: boolean
  optionalDependencies?: Record<string, string>
}

const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Entry> }
const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>

describe('package-lock.json', () => {
  // npm leaves out what its registry does not have (a mirror may hold one platform only); then `npm ci`
  // refuses the file on every machine: "Missing: … from lock file"
  it('names every optional dependency, also those of other platforms', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`],
      ),
    )
    expect(missing).toEqual([])
  })

  it('ties nobody to one registry', () => {
    expect(read('package-lock.json')).not.toContain('"resolved"')
  })

  it('direct dependencies have exact versions', () => {
    const ranges = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind]!).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
    )
    expect(ranges).toEqual([])
  })
})
