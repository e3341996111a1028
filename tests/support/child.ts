import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'

/** A server process that a test started and must end. */
export interface Child {
  pid: number
  /** Last lines that it wrote, for the message when it will not start. */
  tail(): string
  /** Settles when the process has ended, however it ended. */
  ended: Promise<void>
  /** Sends the signal and waits for the end; SIGKILL after `patience` milliseconds. */
  end(signal: NodeJS.Signals, patience?: number): Promise<void>
}

/** Processes still running; ended without mercy when the test process itself ends. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts a program and keeps the end of its output. Throws when the program cannot be started at all.
 */
export async function startChild(program: string, args: string[], options: SpawnOptions): Promise<Child> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  running.add(child)
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      running.delete(child)
      resolve()
    })
  })
  return { pid: child.pid!, tail: () => output, ended, end: (...how) => endChild(child, ended, ...how) }
}

async function endChild(
  child: ChildProcess,
  ended: Promise<void>,
  signal: NodeJS.Signals,
  patience = 10_000,
) {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), patience)
  await ended
  clearTimeout(timer)
}
