/**
 * A stage of an image as a folder: the image's `/app` is `<root>/app`. Good enough to execute a Dockerfile
 * that installs no system packages, without a container engine.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join, posix, sep } from 'node:path'
import type { Instruction } from './dockerfile.ts'

/** The user that `node` stands for here: `nobody` when we are root, else ourselves. */
export const UNPRIVILEGED = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}

export interface ImageRoot {
  root: string
  workdir: string
  env: Record<string, string>
  /** From the last ENTRYPOINT, CMD, HEALTHCHECK. */
  entrypoint: string[]
  cmd: string[]
  health: string[]
}

/** An empty image root with Node at /usr/local/bin/node. */
export function emptyRoot(): ImageRoot {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tributary-image-')))
  chmodSync(root, 0o755)
  for (const folder of ['usr/local/bin', 'root', 'tmp']) mkdirSync(join(root, folder), { recursive: true })
  chmodSync(join(root, 'tmp'), 0o1777)
  const bin = join(root, 'usr/local/bin')
  copyFileSync(process.execPath, join(bin, 'node'))
  const npm = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim()
  symlinkSync(realpathSync(npm), join(bin, 'npm'))
  // `chown node:node` must work here, where that user does not exist
  writeFileSync(join(bin, 'chown'), chownScript(), { mode: 0o755 })
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: join(root, 'root'), ...network() }
  return { root, workdir: '/', env, entrypoint: [], cmd: [], health: [] }
}

function chownScript(): string {
  const { uid, gid } = UNPRIVILEGED as { uid?: number; gid?: number }
  const run = uid === undefined ? 'exit 0' : `exec /bin/chown $flags ${uid}:${gid} "$@"`
  return `#!/bin/sh
flags=; case "$1" in -*) flags=$1; shift;; esac
[ "$1" = node:node ] || { echo "unknown user $1" >&2; exit 1; }
shift
${run}
`
}

/** How this machine reaches its package registry: proxies, certificates, the user's npm settings. */
function network(): Record<string, string> {
  const names = Object.keys(process.env).filter((name) =>
    /^(https?_proxy|no_proxy|node_extra_ca_certs|npm_config_(registry|cafile|proxy|https_proxy|strict_ssl))$/i.test(
      name,
    ),
  )
  const settings = Object.fromEntries(names.map((name) => [name, process.env[name]!]))
  return { ...settings, npm_config_userconfig: join(homedir(), '.npmrc') }
}

/** Where a path of the image lies on this machine. */
export function outside(image: ImageRoot, path: string): string {
  return join(image.root, posix.resolve(image.workdir, path))
}

type Step = (image: ImageRoot, found: Instruction, from: (stage?: string) => string | ImageRoot) => void

const nothing: Step = () => {
  // says something about the image, changes no file
}

const STEPS: Record<string, Step> = {
  WORKDIR(image, { text }) {
    image.workdir = posix.resolve(image.workdir, text)
    mkdirSync(outside(image, '.'), { recursive: true })
  },
  ENV(image, { text }) {
    for (const [, name, value] of text.matchAll(/(\w+)=(\S+)/g)) image.env[name!] = value!
  },
  RUN(image, { text }) {
    const options = { cwd: outside(image, '.'), env: image.env, timeout: 600_000 }
    execFileSync('sh', ['-ec', mapped(image, text)], { ...options, stdio: ['ignore', 'ignore', 'inherit'] })
  },
  COPY: (image, found, from) => copy(image, found, from(found.flags.from)),
  ENTRYPOINT(image, { list }) {
    image.entrypoint = list!
  },
  CMD(image, { list }) {
    image.cmd = list!
  },
  HEALTHCHECK(image, { text }) {
    image.health = JSON.parse(text.replace(/^.*?CMD\s*/, '')) as string[]
  },
  USER: nothing,
  EXPOSE: nothing,
  VOLUME: nothing,
  STOPSIGNAL: nothing,
}

/** Executes one instruction of a stage. `others` are the stages before, by name. */
export function execute(
  image: ImageRoot,
  found: Instruction,
  context: string,
  others: Map<string, ImageRoot>,
) {
  const step = STEPS[found.name]
  if (!step) throw new Error(`line ${found.line}: ${found.name} is not executed here`)
  step(image, found, (stage) => (stage ? others.get(stage)! : context))
}

/** Absolute paths of the image in a command line → their place on this machine. */
export function mapped(image: ImageRoot, text: string): string {
  return text.replace(/(^|[\s='"])\/(app|srv|data)(?=[/\s'"]|$)/g, `$1${image.root}/$2`)
}

function copy(image: ImageRoot, { text, line }: Instruction, from: string | ImageRoot): void {
  const words = text.split(/\s+/)
  const to = words.pop()!
  for (const word of words) {
    const source = typeof from === 'string' ? join(from, word) : outside(from, word)
    if (!existsSync(source)) throw new Error(`line ${line}: COPY finds no ${word}`)
    const target = outside(image, to.endsWith('/') ? posix.join(to, basename(word)) : to)
    mkdirSync(dirname(target), { recursive: true })
    cpSync(source, target, { recursive: true, verbatimSymlinks: true })
  }
}

/** A copy of the build context without what .dockerignore leaves out. */
export function buildContext(project: string): string {
  const rules = readFileSync(join(project, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const context = mkdtempSync(join(tmpdir(), 'tributary-context-'))
  const top = readdirSync(project).filter((name) => !['node_modules', '.git', 'dist', 'data'].includes(name))
  for (const name of top) {
    cpSync(join(project, name), join(context, name), {
      recursive: true,
      filter: (file) => statSync(file).isDirectory() || !ignored(file.slice(project.length + 1), rules),
    })
  }
  return context
}

/** Whether .dockerignore leaves a file out: the last rule that matches it or a folder above it wins. */
export function ignored(path: string, rules: string[]): boolean {
  const parts = path.split(sep)
  const prefixes = parts.map((_, at) => parts.slice(0, at + 1).join('/'))
  let out = false
  for (const rule of rules) {
    const pattern = rule.replace(/^!/, '').replace(/[.+^${}()|[\]\\]/g, '\\$&')
    const source = pattern.replace(/\*\*\//g, '(.*/)?').replace(/(?<!\))\*/g, '[^/]*')
    if (prefixes.some((prefix) => new RegExp(`^${source}$`).test(prefix))) out = !rule.startsWith('!')
  }
  return out
}
