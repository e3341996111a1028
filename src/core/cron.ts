/** Cron lines as people write them in tributary.yaml and connector.yaml. */
import cron from 'node-cron'
import type { Phrase } from './errors/error.ts'

/** What a field that takes a cron line should have been. */
export const CRON: Phrase = {
  en: 'a cron line such as "*/5 * * * *" (every five minutes; six fields begin with seconds)',
  zh: 'cron 表达式，例如 "*/5 * * * *"（每五分钟一次；六段时第一段是秒）',
}

/** Five fields, or six that begin with seconds: what schedules are started with. */
export function isCron(text: string): boolean {
  return cron.validate(text)
}
