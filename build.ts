/**
 * `npm run build`, and before `npm pack`: dist/ with JavaScript and types. From a clone or an image Node runs
 * the TypeScript itself; under node_modules it refuses to, so the package carries JavaScript.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = import.meta.dirname
const dist = join(root, 'dist')

/** Files that are read at run time, not imported: SQL, YAML, schemas, pages. */
function copyData(folder: string): void {
  const isData = (file: string) => !file.endsWith('.ts') && !/\/node_modules(\/|$)/.test(file)
  cpSync(join(root, folder), join(dist, folder), { recursive: true, filter: isData })
}

rmSync(dist, { recursive: true, force: true })
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
for (const folder of ['src', 'connectors', 'mappings', 'schemas']) copyData(folder)
chmodSync(join(dist, 'src/cli/main.js'), 0o755)
