/** Processes of the bench: started with the same Node, known by the address they print, ended by pid. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Started {
  url: string
  pid: number
  /** CPU seconds used so far, all threads. */
  cpu(): number
  /** Resident memory now, MB. */
  rss(): number
  stop(): Promise<void>
}

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a script and waits for `"url": "…"` on its standard output. Throws with what it wrote when it ends before. */
export function startScript(args: string[], env: Record<string, string> = {}): Promise<Started> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  running.add(child)
  let out = ''
  let err = ''
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      running.delete(child)
      resolve()
    })
  })
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (c) => {
      err = (err + c).slice(-3000)
    })
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${err}`)))
    child.stdout.on('data', (c) => {
      out += c
      const url = /"url":\s*"([^"]+)"/.exec(out)?.[1]
      if (!url) return
      resolve({
        url,
        pid: child.pid!,
        cpu: () => cpuSeconds(child.pid!),
        rss: () => rssOf(child.pid!),
        async stop() {
          child.kill('SIGTERM')
          const hard = setTimeout(() => child.kill('SIGKILL'), 30_000)
          await ended
          clearTimeout(hard)
        },
      })
    })
  })
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

function rssOf(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kb) / 1024
}
