/**
 * `npm run build`, and before `npm pack`: dist/ with JavaScript and types. From a clone or an image Node runs
 * the TypeScript itself; under node_modules it refuses to, so the package carries JavaScript.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = import.meta.dirname
const dist = join(root, 'dist')

/** Files that are read at run time, not imported: SQL, YAML, schemas, pages. */
function copyData(folder: string): void {
  const isData = (file: string) => !file.endsWith('.ts') && !/\/(fixtures|node_modules)(\/|$)/.test(file)
  cpSync(join(root, folder), join(dist, folder), { recursive: true, filter: isData })
}

/**
 * tsc rewrites `.ts` in imports only. Worker threads and child processes are started by
 * `new URL('./x.ts', import.meta.url)`.
 */
function rewriteUrls(): void {
  for (const entry of readdirSync(dist, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.js')) continue
    const file = join(entry.parentPath, entry.name)
    const text = readFileSync(file, 'utf8')
    const js = text.replace(/(new URL\((['"])\.[^'"]*)\.ts\2(?=,\s*import\.meta\.url)/g, '$1.js$2')
    if (js !== text) writeFileSync(file, js)
  }
}

/** `../../package.json` is read for the version from src/ and from dist/src/ alike. */
function writeManifest(): void {
  const { name, version, description, license, type } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  writeFileSync(
    join(dist, 'package.json'),
    `${JSON.stringify({ name, version, description, license, type }, null, 2)}\n`,
  )
}

rmSync(dist, { recursive: true, force: true })
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
for (const folder of ['src', 'connectors', 'mappings']) copyData(folder)
rewriteUrls()
writeManifest()
chmodSync(join(dist, 'src/cli/main.js'), 0o755)
