/** Waiting that ends with a signal, for drivers that know none. */

/** Rejects (code ABORTED) as soon as the signal aborts; what was begun goes on, and its own time-out ends it. */
export async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  let stop: () => void = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(Object.assign(new Error('given up'), { code: 'ABORTED' }))
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work(), aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
