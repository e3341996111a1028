/**
 * Checks Dockerfile and compose.yaml where no container engine runs: reads both critically, executes each
 * instruction in a clean folder, starts what the image would start as an unprivileged user, asks the health
 * check, and ends it with SIGTERM. Exits non-zero with the reason.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../tests/support/free-port.ts'
import { lintCompose } from './compose.ts'
import { lintDockerfile, parseDockerfile, stagesOf } from './dockerfile.ts'
import {
  buildContext,
  emptyRoot,
  execute,
  type ImageRoot,
  mapped,
  outside,
  UNPRIVILEGED,
} from './image-root.ts'

const project = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(project, file), 'utf8')
const dockerfile = read('Dockerfile')
const made: string[] = []

const problems = [
  ...lintDockerfile(dockerfile).map((problem) => `Dockerfile: ${problem}`),
  ...lintCompose(read('compose.yaml'), ['postgres', 'valkey', 'serve', 'work']).map(
    (problem) => `compose.yaml: ${problem}`,
  ),
]
if (problems.length > 0) fail(problems.join('\n'))
console.log('Dockerfile and compose.yaml: nothing to complain about')

const stages = stagesOf(parseDockerfile(dockerfile))
const major = /^node:(\d+)\./.exec(stages.at(-1)!.base)?.[1]
if (major !== process.versions.node.split('.')[0])
  fail(`the image has Node ${major}, this is ${process.version}`)

try {
  const image = build()
  await run(image)
} finally {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
}

function build(): ImageRoot {
  const context = buildContext(project)
  made.push(context)
  const roots = new Map<string, ImageRoot>()
  for (const stage of stages) {
    const image = emptyRoot()
    made.push(image.root)
    for (const found of stage.instructions) execute(image, found, context, roots)
    roots.set(stage.name, image)
  }
  console.log('Dockerfile: every instruction executed in a clean folder')
  return roots.get(stages.at(-1)!.name)!
}

/**
 * Starts ENTRYPOINT + CMD on the example for containers, as the image's user would. The image's port 8080 is a
 * free one here, and only this machine may reach it.
 */
async function run(image: ImageRoot): Promise<void> {
  cpSync(join(project, 'examples/container/tributary.yaml'), outside(image, 'tributary.yaml'))
  const port = String(await freePort())
  const here = (word: string) =>
    mapped(image, word).replaceAll('8080', port).replaceAll('0.0.0.0', '127.0.0.1')
  const [program, ...args] = [...image.entrypoint, ...image.cmd].map(here)
  const health = image.health.map(here)
  const secrets = {
    HOME: outside(image, '.'),
    SHOPIFY_TOKEN: 'unused',
    SHOPIFY_SECRET: 'unused',
    ERP_TOKEN: 'unused',
  }
  const options = { cwd: outside(image, '.'), env: { ...image.env, ...secrets }, ...UNPRIVILEGED }
  const child = spawn(program!, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output = (output + chunk).slice(-4000)))
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk).slice(-4000)))
  try {
    const healthy = () => spawnSync(health[0]!, health.slice(1), { ...options, timeout: 5_000 }).status === 0
    if (healthy()) fail('the health check passes before anything runs')
    if (!(await within(90_000, () => child.exitCode !== null || healthy())))
      fail(`not healthy after 90 s:\n${output}`)
    if (child.exitCode !== null) fail(`it ended with ${child.exitCode}:\n${output}`)
    console.log('image: starts as an unprivileged user, /healthz answers')
    child.kill('SIGTERM')
    if (!(await within(30_000, () => ended(child)))) fail(`it runs on 30 s after SIGTERM:\n${output}`)
    if (child.exitCode !== 0) fail(`SIGTERM ended it with ${child.exitCode ?? child.signalCode}:\n${output}`)
    console.log('image: SIGTERM ends it with 0')
  } finally {
    if (!ended(child)) child.kill('SIGKILL')
  }
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function within(milliseconds: number, done: () => boolean): Promise<boolean> {
  for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(500)) if (done()) return true
  return false
}

function fail(why: string): never {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
  console.error(why)
  process.exit(1)
}
