/**
 * Packs the project, installs the tarball into an empty folder and uses it as a user would: the command
 * line, a configuration written by `init`, and the types of `tributary/hooks`. Exits non-zero with the reason.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const project = join(import.meta.dirname, '..')
const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string }
const work = mkdtempSync(join(tmpdir(), 'tributary-package-'))
const home = join(work, 'home')

try {
  mkdirSync(home)
  installTarball()
  const said = tributary('--version').trim()
  if (said !== version) throw new Error(`--version says ${said}, the package is ${version}`)
  tributary('init')
  if (!existsSync(join(home, 'tributary.yaml'))) throw new Error('init wrote no tributary.yaml')
  checkInit()
  checkTypes()
  console.log(`package: ${version} installed into an empty folder; version, init, check and types work`)
} finally {
  rmSync(work, { recursive: true, force: true })
}

function installTarball(): void {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', work], {
    cwd: project,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  writeFileSync(join(home, 'package.json'), '{ "name": "home", "private": true, "type": "module" }\n')
  const tarball = join(work, `tributary-${version}.tgz`)
  execFileSync('npm', ['install', '--no-audit', '--no-fund', tarball], { cwd: home, stdio: 'ignore' })
}

function tributary(...args: string[]): string {
  return execFileSync('npx', ['--no-install', 'tributary', ...args], {
    cwd: home,
    encoding: 'utf8',
    timeout: 120_000,
  })
}

/** What `init` wrote names systems and secrets that do not exist: `check` must say so in words, not crash. */
function checkInit(): void {
  const { status, stdout, stderr } = spawnSync('npx', ['--no-install', 'tributary', 'check'], {
    cwd: home,
    encoding: 'utf8',
    timeout: 120_000,
  })
  const said = `${stdout}\n${stderr}`
  if (status === 0) throw new Error(`check passes although no system is there:\n${said}`)
  if (/\bat .*\.js:\d+|ERR_MODULE_NOT_FOUND|Cannot find/.test(said))
    throw new Error(`check crashed:\n${said}`)
  if (!/[A-Z]+_[A-Z_]+/.test(said)) throw new Error(`check names no error code:\n${said}`)
}

function checkTypes(): void {
  writeFileSync(
    join(home, 'hooks.ts'),
    "import type { Hooks } from 'tributary/hooks'\nexport default {} satisfies Hooks\n",
  )
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--skipLibCheck', '--types', 'node']
  const roots = ['--typeRoots', join(project, 'node_modules/@types')]
  execFileSync(join(project, 'node_modules/.bin/tsc'), [...options, ...roots, 'hooks.ts'], {
    cwd: home,
    stdio: 'inherit',
  })
}
