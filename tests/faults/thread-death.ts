/** Preloaded into the product: SIGUSR2 ends the embedded database's thread, as running out of memory would. */
import { isMainThread, type Worker } from 'node:worker_threads'

if (isMainThread) {
  process.on('worker', (worker: Worker) => {
    process.on('SIGUSR2', () => void worker.terminate())
  })
}
