/** What alerts say, in both languages, and what to do about each. Counts, codes and order keys; never personal data. */
import type { Phrase } from '../core/errors/error.ts'

export interface Words {
  say: Phrase
  fix: Phrase
}

/** `2026-03-01 16:05` on the clock of a zone. */
export function clockTime(at: Date, zone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'short',
  })
  return format.format(at)
}

/** `90 min`, `5 h`, `3 d`: the largest unit that leaves two digits. */
export function duration(seconds: number): Phrase {
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return { en: `${minutes} min`, zh: `${minutes} 分钟` }
  const hours = Math.round(minutes / 60)
  if (hours < 48) return { en: `${hours} h`, zh: `${hours} 小时` }
  const days = Math.round(hours / 24)
  return { en: `${days} d`, zh: `${days} 天` }
}

/** A list of order keys behind a text, where there are any. */
export function forExample(examples: string[]): Phrase {
  const list = examples.map((e) => e.slice(0, 80)).join(', ')
  return list ? { en: `, for example ${list}`, zh: `，例如 ${list}` } : { en: '', zh: '' }
}

const phrase = (en: string, zh: string): Phrase => ({ en, zh })

export function silenceWords(
  name: string,
  { since, minutes, usual }: { since: string; minutes: number; usual: number | null },
): Words {
  const often =
    usual === null
      ? phrase('', '')
      : phrase(
          `; usually about ${usual} minutes of these would have brought some`,
          `；按往常其中约有 ${usual} 分钟应有记录到达`,
        )
  return {
    say: phrase(
      `nothing has come from ${name} since ${since} (${minutes} min)${often.en}`,
      `${name} 自 ${since} 起没有任何记录（${minutes} 分钟）${often.zh}`,
    ),
    fix: phrase(
      'Look whether the shop sells, and whether its webhooks and its API still know us: "tributary check".',
      '请确认店铺是否正常出单，以及其 webhook 与接口授权是否仍有效："tributary check"。',
    ),
  }
}

export function webhookWords(
  connection: string,
  wanted: number,
  missing: string[],
  disabled: string[],
): Words {
  const count = missing.length + disabled.length
  const parts = (gone: string, off: string) =>
    [
      missing.length > 0 ? `${gone}: ${missing.join(', ')}` : '',
      disabled.length > 0 ? `${off}: ${disabled.join(', ')}` : '',
    ]
      .filter(Boolean)
      .join('; ')
  return {
    say: phrase(
      `${count} of ${wanted} webhook subscriptions of ${connection} send nothing (${parts('not there', 'switched off')})`,
      `${connection} 的 ${wanted} 个 webhook 订阅中有 ${count} 个不再推送（${parts('不存在', '已停用')}）`,
    ),
    fix: phrase(
      `Polling goes on. Make sure that the platform reaches us, then "tributary webhooks sync ${connection}".`,
      `轮询仍在进行。请确认平台能访问本系统，然后执行 "tributary webhooks sync ${connection}"。`,
    ),
  }
}

export function tokenDeadWords(connection: string, code: string): Words {
  return {
    say: phrase(
      `${connection} refuses the credentials (${code}); everything to and from it is stopped`,
      `${connection} 拒绝了凭证（${code}），与其往来已全部停止`,
    ),
    fix: phrase(
      `Renew the token or password, then "tributary resume --connection ${connection}".`,
      `请更新令牌或密码，然后执行 "tributary resume --connection ${connection}"。`,
    ),
  }
}

export function pausedWords(connection: string, code: string): Words {
  return {
    say: phrase(
      `Tributary paused ${connection} by itself (${code}); everything to and from it is stopped`,
      `Tributary 已自动暂停 ${connection}（${code}），与其往来已全部停止`,
    ),
    fix: phrase(
      `Remove the cause, then "tributary resume --connection ${connection}".`,
      `请排除原因，然后执行 "tributary resume --connection ${connection}"。`,
    ),
  }
}

export function forgottenPauseWords(scope: string, option: string, lasts: Phrase): Words {
  return {
    say: phrase(`${scope} has been paused by hand for ${lasts.en}`, `${scope} 已被人工暂停 ${lasts.zh}`),
    fix: phrase(
      `If it is no longer meant to be: "tributary resume ${option}".`,
      `如不再需要暂停，请执行 "tributary resume ${option}"。`,
    ),
  }
}

export function pollFailedWords(name: string, code: string): Words {
  return {
    say: phrase(`${name} cannot be read: ${code}`, `无法读取 ${name}：${code}`),
    fix: phrase(
      'Every tick tries again. Look at the log, and whether the system answers: "tributary check".',
      '每次调度都会重试。请查看日志，并确认对方系统是否有应答："tributary check"。',
    ),
  }
}

export function pollLateWords(name: string, ago: Phrase): Words {
  return {
    say: phrase(`${name} was last read ${ago.en} ago`, `${name} 最近一次读取是在 ${ago.zh}前`),
    fix: phrase(
      'Is a process with the role "work" or "start" running and not overloaded?',
      '"work" 或 "start" 进程是否在运行且未过载？',
    ),
  }
}

/** `count`: as it is shown, for instance `5000+`. */
export function backlogWords(connection: string, count: string, lasts: Phrase, code: string | null): Words {
  const why = code ? phrase(`; last error ${code}`, `；最近的错误：${code}`) : phrase('', '')
  return {
    say: phrase(
      `documents waiting for ${connection}: ${count}, the oldest for ${lasts.en}${why.en}`,
      `等待写入 ${connection} 的单据：${count} 张，最早的已等待 ${lasts.zh}${why.zh}`,
    ),
    fix: phrase(
      `Does ${connection} answer, and fast enough? "tributary push list --connection ${connection} --state planned".`,
      `请确认 ${connection} 是否有应答且足够快："tributary push list --connection ${connection} --state planned"。`,
    ),
  }
}

export function inboxWords(lasts: Phrase): Words {
  return {
    say: phrase(
      `records are not being mapped; the oldest waits for ${lasts.en}`,
      `记录未被处理，最早的已等待 ${lasts.zh}`,
    ),
    fix: phrase(
      'Is a worker running, and is the database fast enough? "tributary doctor".',
      '工作进程是否在运行？数据库是否足够快？"tributary doctor"。',
    ),
  }
}

export function fetchWords(connection: string, lasts: Phrase): Words {
  return {
    say: phrase(
      `${connection} told of changes that cannot be read; the oldest waits for ${lasts.en}`,
      `${connection} 通知了变更但无法读取，最早的已等待 ${lasts.zh}`,
    ),
    fix: phrase(
      'It is tried again every few seconds. Look at the log: "fetch failed".',
      '每隔数秒会重试。请查看日志中的 "fetch failed"。',
    ),
  }
}

export function doubtWords(connection: string, count: string, lasts: Phrase, examples: Phrase): Words {
  return {
    say: phrase(
      `documents that may or may not be in ${connection}: ${count}, the oldest for ${lasts.en}${examples.en}`,
      `${count} 张单据是否已写入 ${connection} 尚不明确，最早的已有 ${lasts.zh}${examples.zh}`,
    ),
    fix: phrase(
      `It is being found out. If it lasts: "tributary push list --connection ${connection} --state unknown".`,
      `系统正在核实。如持续出现："tributary push list --connection ${connection} --state unknown"。`,
    ),
  }
}

export function parkedWords(
  connection: string,
  code: string,
  count: string,
  reason: Phrase,
  examples: Phrase,
): Words {
  return {
    say: phrase(
      `parked for ${connection}: ${count} (${code})${examples.en}`,
      `${connection} 有 ${count} 项被搁置（${code}）${examples.zh}`,
    ),
    fix: phrase(
      `${reason.en} "tributary parked list --code ${code}".`,
      `${reason.zh} "tributary parked list --code ${code}"。`,
    ),
  }
}

const TASKS: Record<string, Phrase> = {
  'amend-needed': phrase(
    'orders changed after they were booked, documents to be amended by hand',
    '入账后有变更、需人工修改单据的订单',
  ),
  'cancel-needed': phrase(
    'orders cancelled after they were booked, documents to be cancelled by hand',
    '入账后被取消、需人工作废单据的订单',
  ),
  'shipment-unmatched': phrase(
    'shipments that fit no order and were not told to the shop',
    '找不到对应订单、未回传店铺的包裹',
  ),
}

export function taskWords(connection: string, kind: string, count: string, examples: Phrase): Words {
  const what = TASKS[kind] ?? phrase(`open tasks (${kind})`, `未完成任务（${kind}）`)
  return {
    say: phrase(
      `${connection}: ${what.en}: ${count}${examples.en}`,
      `${connection}：${what.zh}：${count}${examples.zh}`,
    ),
    fix: phrase(
      'Each order says what differs: "tributary orders show".',
      '差异见各订单："tributary orders show"。',
    ),
  }
}

export function clockWords(seconds: number): Words {
  return {
    say: phrase(
      `the clocks of this machine and of the database differ by ${seconds} s`,
      `本机与数据库的时钟相差 ${seconds} 秒`,
    ),
    fix: phrase('Let both follow a time server (NTP).', '请让两台机器都使用 NTP 校时。'),
  }
}

export function queueWords(): Words {
  return {
    say: phrase('the queue does not answer; nothing is being worked off', '队列无应答，任务未被处理'),
    fix: phrase(
      'Check REDIS_URL. Nothing is lost: the ledger knows what is due.',
      '请检查 REDIS_URL。数据不会丢失：账本记录了所有待办。',
    ),
  }
}

export function diskWords(megabytes: number): Words {
  return {
    say: phrase(`only ${megabytes} MB are free where the ledger lies`, `账本所在磁盘仅剩 ${megabytes} MB`),
    fix: phrase('Make room: a full disk stops every commit.', '请腾出空间：磁盘写满后无法提交任何数据。'),
  }
}

export function channelWords(name: string, count: number, code: string): Words {
  return {
    say: phrase(
      `the channel ${name} takes no messages (${code}); not delivered: ${count}`,
      `告警渠道 ${name} 无法投递（${code}），未送达消息：${count} 条`,
    ),
    fix: phrase(`Try it: "tributary alerts test ${name}".`, `请试发："tributary alerts test ${name}"。`),
  }
}
