/**
 * The log: JSON lines by pino, one line per event. A line says `event`, and where they are known `connection`
 * and `order` (the order key `<connection>/<externalId>`) or `push`:
 *
 *     log.info({ event: 'push.confirmed', connection: 'nc', order: 'my-shop/7000000000001', ms: 41 })
 *     log.error({ event: 'poll.failed', connection: 'my-shop', error })
 *
 * Everything passes through `log-redact.ts` first.
 */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import { redactFields, redactText } from './log-redact.ts'

export type Log = Logger

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Where lines go; standard error when left out, so that standard output belongs to commands. */
  destination?: DestinationStream
}

/** Made once per process by `start`, `serve` and `work`. Lines are written synchronously: none is lost at exit. */
export function createLog({ level, destination }: LogOptions): Log {
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      // Raw errors reach our own allow-list, not pino's serializer, which copies every field.
      serializers: { err: (value: unknown) => value, error: (value: unknown) => value },
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redactFields(fields),
      },
      hooks: {
        logMethod(args, method) {
          const safe = args.map((a, i) => protect(a, i)) as typeof args
          method.apply(this, safe)
        },
      },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  )
  // pino formats the bindings of a child by nothing unless each call asks for it; children inherit this one.
  const child = log.child
  log.child = function (this: Log, bindings: Record<string, unknown>, options?: unknown) {
    return child.call(this, redactFields(bindings), options as never)
  } as typeof log.child
  return log
}

/** The text of a line, and an error given in place of the fields. */
function protect(argument: unknown, index: number): unknown {
  if (typeof argument === 'string') return redactText(argument)
  if (argument instanceof Error && index === 0) return { error: argument }
  return argument
}

/**
 * The same log as the plain function that the pipe takes: `log('warn', 'push rejected', { order, code })`
 * becomes a line with that event.
 */
export function eventLog(
  log: Log,
): (level: 'debug' | 'info' | 'warn' | 'error', event: string, fields?: Record<string, unknown>) => void {
  return (level, event, fields) => log[level]({ event, ...fields })
}
