/** What `doctor` says about completeness: one check per stream that was ever checked. */
import type { Unexplained } from '../ledger/completeness.ts'
import type { DoctorCheck } from './operations.ts'

/** A daily check that is this old did not run. Seconds. */
const STALE = 3 * 24 * 3600

/** Nothing was checked yet: no line. */
export function completenessChecks(streams: Unexplained[]): DoctorCheck[] {
  return streams.map((s): DoctorCheck => {
    const name = `${s.connection}/${s.stream}`
    const id = `completeness:${name}`
    if (s.missing > 0) return { id, level: 'warn', ...missing(name, s) }
    if (s.failed > 0) return { id, level: 'warn', ...failed(name, s) }
    if (s.age !== null && s.age > STALE) return { id, level: 'warn', ...stale(name, s.age) }
    const en = `nothing of ${name} is missing, up to ${s.last_day}`
    return { id, level: 'ok', say: { en, zh: `${name} 没有缺失，截至 ${s.last_day}` }, fix: null }
  })
}

function missing(name: string, { missing: n }: Unexplained): Pick<DoctorCheck, 'say' | 'fix'> {
  return {
    say: { en: `${n} of ${name} are missing and could not be had`, zh: `${name} 缺失 ${n} 条，无法取得` },
    fix: {
      en: 'See "completeness list --open"; look for them in the source, then "backfill start --ids".',
      zh: '见 "completeness list --open"；请在来源系统中查找，再用 "backfill start --ids"。',
    },
  }
}

function failed(name: string, { failed: n }: Unexplained): Pick<DoctorCheck, 'say' | 'fix'> {
  return {
    say: { en: `${n} days of ${name} could not be checked`, zh: `${name} 有 ${n} 天未能核对` },
    fix: {
      en: 'See "completeness list --open" for the cause, then "completeness check".',
      zh: '原因见 "completeness list --open"，然后执行 "completeness check"。',
    },
  }
}

function stale(name: string, age: number): Pick<DoctorCheck, 'say' | 'fix'> {
  const days = Math.floor(age / 86_400)
  return {
    say: {
      en: `${name} was last checked for completeness ${days} days ago`,
      zh: `${name} 上次完整性核对在 ${days} 天前`,
    },
    fix: {
      en: 'Is a process with the role "work" or "start" running at night?',
      zh: '夜间是否有 "work" 或 "start" 进程在运行？',
    },
  }
}
