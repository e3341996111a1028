/** The present generation: work in hand ends on the one it began with. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Connection } from '../../src/core/ports.ts'
import { closeGeneration, type Generation } from '../../src/runtime/generation.ts'
import { Live } from '../../src/runtime/live.ts'

function generation(id: number, connections: Connection[] = []): Generation & { closed: number } {
  const made = {
    activation: id,
    connections: new Map(connections.map((c) => [c.id, c])),
    closed: 0,
    close() {
      made.closed += 1
    },
  }
  return made as unknown as Generation & { closed: number }
}

describe('live', () => {
  test('a lane that is at work when another generation comes ends its batch, and runs again with the new one', async () => {
    const live = new Live(generation(1))
    const seen: string[] = []
    const batch = Promise.withResolvers<void>()
    const running = live.run(async (now, stopping) => {
      seen.push(`begins ${now.activation}`)
      if (now.activation === 1) await batch.promise
      seen.push(`ends ${now.activation}, asked ${stopping.asked}`)
    })
    let idle = false
    const swapped = live.swap(generation(2)).then(() => {
      idle = true
    })
    expect(live.now.activation).toBe(2)
    // somebody else begins with the new one at once
    await live.run(async (now) => void seen.push(`other ${now.activation}`))
    await sleep(5)
    expect(idle).toBe(false)
    batch.resolve()
    await Promise.all([running, swapped])
    expect(seen).toEqual(['begins 1', 'other 2', 'ends 1, asked true', 'begins 2', 'ends 2, asked false'])
  })

  test('the old one is free at once where nothing is in hand, and after a failure', async () => {
    const live = new Live(generation(1))
    await live.swap(generation(2))
    await expect(live.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    await live.swap(generation(3))
    expect(live.now.activation).toBe(3)
  })

  test('a process that stops asks every lane, and runs none again', async () => {
    const live = new Live(generation(1))
    let runs = 0
    const running = live.run(async (_, stopping) => {
      runs += 1
      while (!stopping.asked) await sleep(1)
    })
    live.stop()
    void live.swap(generation(2))
    await running
    expect(runs).toBe(1)
  })

  test('what the next generation has taken over stays open', async () => {
    const closed: string[] = []
    const connection = (id: string) =>
      ({ id, close: async () => void closed.push(id) }) as unknown as Connection
    const [kept, changed, anew] = [connection('kept'), connection('shop'), connection('shop')]
    const [old, next] = [generation(1, [kept, changed]), generation(2, [kept, anew])]
    await closeGeneration(old, next)
    expect([closed, old.closed]).toEqual([['shop'], 1])
    await closeGeneration(next, null)
    expect(closed).toEqual(['shop', 'kept', 'shop'])
  })
})
