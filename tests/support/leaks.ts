/**
 * Set-up file of every test file: fails it when it leaves a server, connection, child process or timer
 * behind that would keep the process alive. Its afterAll was registered first, so it runs last.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll } from 'vitest'

const WATCHED = ['TCPServerWrap', 'TCPSocketWrap', 'PipeServerWrap', 'ProcessWrap', 'FSEventWrap', 'Timeout']
const before = open()

afterAll(async () => {
  for (let waited = 0; waited < 3_000 && left().length > 0; waited += 50)
    await sleep(50, undefined, { ref: false })
  const kinds = left()
  if (kinds.length > 0) throw new Error(`left open by this test file: ${kinds.join(', ')}`)
})

function open(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    if (WATCHED.includes(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}

function left(): string[] {
  return [...open()].flatMap(([kind, count]) => {
    const more = count - (before.get(kind) ?? 0)
    return more > 0 ? [`${more} ${kind}`] : []
  })
}
