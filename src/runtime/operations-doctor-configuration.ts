/** What `doctor` says of the active configuration and of the processes that should run by it. */

import type { Bilingual, DoctorCheck } from './operations.ts'
import type { ConfigurationState, ProcessSummary } from './operations-configuration-types.ts'

/** One check of what is active, and one of each process that does not run by it. */
export function checkConfiguration(state: ConfigurationState): DoctorCheck[] {
  const { active, applied, processes } = state
  if (!active) return [line('ok', { en: 'nothing was activated yet', zh: '尚未启用任何配置' }, null)]
  const head = applied ? checkActive(state, active) : checkFiles(processes)
  return [head, ...processes.filter((p) => p.problem).map((p) => checkProcess(p, p.problem!))]
}

function checkActive(
  state: ConfigurationState,
  active: NonNullable<ConfigurationState['active']>,
): DoctorCheck {
  const { processes, replanning } = state
  const differing = processes.filter((p) => p.fileDiffers)
  const again = replanning
    ? { en: '; orders are being planned again', zh: '；订单正在重新规划' }
    : { en: '', zh: '' }
  const say = {
    en: `activation ${active.id} of ${active.at} by ${active.by}${again.en}`,
    zh: `启用记录 ${active.id}（${active.at}，${active.by}）${again.zh}`,
  }
  if (differing.length === 0) return line('ok', say, null)
  const names = differing.map(nameOf).join(', ')
  return line(
    'warn',
    {
      en: `${say.en}; started with changes in its file that are not applied: ${names}`,
      zh: `${say.zh}；启动时文件中有尚未应用的更改：${names}`,
    },
    { en: 'See "tributary apply --dry-run".', zh: '见 "tributary apply --dry-run"。' },
  )
}

/** Nothing was applied yet: each process runs by its own file, and they should be the same. */
function checkFiles(processes: ProcessSummary[]): DoctorCheck {
  const kinds = new Set(processes.map((p) => p.activation))
  if (kinds.size < 2)
    return line('ok', { en: 'each process runs by its file', zh: '各进程按自己的文件运行' }, null)
  return line(
    'warn',
    {
      en: `processes run by different files: ${processes.map(nameOf).join(', ')}`,
      zh: `各进程的文件不同：${processes.map(nameOf).join(', ')}`,
    },
    {
      en: '"tributary apply" makes one of them count for all.',
      zh: '"tributary apply" 可让其中一份对全部进程生效。',
    },
  )
}

function checkProcess(process: ProcessSummary, problem: NonNullable<ProcessSummary['problem']>): DoctorCheck {
  const name = nameOf(process)
  return {
    id: `configuration:${process.id.slice(0, 8)}`,
    level: 'fail',
    say: {
      en: `${name} stays with the configuration before: ${problem.say.en}`,
      zh: `${name} 继续使用之前的配置：${problem.say.zh}`,
    },
    fix: problem.fix,
  }
}

function nameOf({ role, pid, host }: ProcessSummary): string {
  return `${role} ${pid} (${host})`
}

function line(level: DoctorCheck['level'], say: Bilingual, fix: Bilingual | null): DoctorCheck {
  return { id: 'configuration', level, say, fix }
}
