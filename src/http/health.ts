/** `/healthz`: the process lives. `/readyz`: it can take traffic (database, queue), else 503 with what is wrong. */
import type { FastifyInstance } from 'fastify'
import type { Running } from '../runtime/operations.ts'

/** Longest that a readiness question may take before it counts as "no". Milliseconds. */
const PATIENCE = 3000

/** Registers both. Neither shows anything but names of checks and one sentence each. */
export function health(app: FastifyInstance, running: Pick<Running, 'ready'>): void {
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const answer = await withPatience(running)
    return reply.code(answer.ready ? 200 : 503).send(answer)
  })
}

async function withPatience(running: Pick<Running, 'ready'>): ReturnType<Running['ready']> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Awaited<ReturnType<Running['ready']>>>((resolve) => {
    timer = setTimeout(
      () => resolve({ ready: false, checks: { process: `no answer within ${PATIENCE} ms` } }),
      PATIENCE,
    )
  })
  try {
    return await Promise.race([running.ready(), late])
  } catch (error) {
    return { ready: false, checks: { process: `failed: ${(error as Error).name}` } }
  } finally {
    clearTimeout(timer)
  }
}
