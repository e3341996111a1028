/** `doctor`: what is wrong with this installation, and what to do about each. */
import fs from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AlertRow, listAlerts } from '../ledger/alert.ts'
import { channelTroubles } from '../ledger/alert-delivery.ts'
import { unexplained } from '../ledger/completeness.ts'
import { databaseFacts, type WorkFacts, workFacts } from '../ledger/health.ts'
import { pauses } from '../ledger/pause.ts'
import { type StreamRow, streams } from '../ledger/stats.ts'
import type { Bilingual, DoctorCheck } from './operations.ts'
import { configurationState } from './operations-configuration.ts'
import type { Desk } from './operations-desk.ts'
import { completenessChecks } from './operations-doctor-completeness.ts'
import { checkConfiguration } from './operations-doctor-configuration.ts'
import { version } from './version.ts'

type Level = DoctorCheck['level']

const MB = 1024 ** 2
/** Milliseconds after which the queue counts as away. */
const QUEUE_LIMIT = 3_000
/** A database clock that is this far off makes leases end at the wrong time. Milliseconds. */
const CLOCK_WARN = 1_000
const CLOCK_FAIL = 10_000
/** Seconds. */
const BACKLOG_WARN = 60
const BACKLOG_FAIL = 600
const DOUBT_WARN = 1800
const SILENT_LEAST = 300
/** Bytes. */
const DISK_WARN = 2048 * MB
const DISK_FAIL = 256 * MB

/** All checks, worst ones not sorted first: the order is that of the way of an order. Never throws for a finding. */
export async function doctor(desk: Desk): Promise<DoctorCheck[]> {
  const checks = [checkVersion()]
  const database = await checkDatabase(desk)
  checks.push(...database.checks)
  checks.push(...(await checkFolder(desk)), await checkQueue(desk))
  if (!database.reached) return checks
  checks.push(...checkConfiguration(await configurationState(desk.db)))
  const paused = await pauses(desk.db)
  const known = desk.connections
  checks.push(
    ...checkStreams(
      // one that is configured no more is silent for good
      (await streams(desk.db)).filter((s) => known.size === 0 || known.has(s.connection)),
      paused.map((p) => p.connection),
    ),
  )
  checks.push(...completenessChecks(await unexplained(desk.db)))
  checks.push(...checkWork(await workFacts(desk.db)))
  checks.push(await checkAlerts(desk))
  checks.push(
    paused.length === 0
      ? check('paused', 'ok', { en: 'nothing is paused', zh: '没有暂停' })
      : check('paused', 'warn', pausedText(paused), {
          en: 'Remove the cause, then "tributary resume".',
          zh: '排除原因后执行 "tributary resume"。',
        }),
  )
  return checks
}

function check(id: string, level: Level, say: Bilingual, fix: Bilingual | null = null): DoctorCheck {
  return { id, level, say, fix: level === 'ok' ? null : fix }
}

function checkVersion(): DoctorCheck {
  const text = `Tributary ${version()}, Node ${process.versions.node}`
  const old = Number(process.versions.node.split('.')[0]) < 24
  return check(
    'version',
    old ? 'warn' : 'ok',
    { en: text, zh: text },
    {
      en: 'Run Node 24 or newer.',
      zh: '请使用 Node 24 或更新版本。',
    },
  )
}

async function checkDatabase(desk: Desk): Promise<{ reached: boolean; checks: DoctorCheck[] }> {
  try {
    const facts = await databaseFacts(desk.db)
    const text = `${desk.db.kind} ${facts.version}, ${Math.round(facts.bytes / MB)} MB`
    const behind = facts.migration < facts.known
    const off = Math.round(Math.abs(facts.clock))
    const level = off > CLOCK_FAIL ? 'fail' : off > CLOCK_WARN ? 'warn' : 'ok'
    return {
      reached: true,
      checks: [
        check(
          'database',
          behind ? 'fail' : 'ok',
          {
            en: `${text}, migration ${facts.migration} of ${facts.known}`,
            zh: `${text}，迁移 ${facts.migration}/${facts.known}`,
          },
          { en: 'Run "tributary migrate".', zh: '请执行 "tributary migrate"。' },
        ),
        check(
          'clock',
          level,
          { en: `the database's clock is ${off} ms off`, zh: `数据库时钟相差 ${off} 毫秒` },
          { en: 'Let both machines follow a time server (NTP).', zh: '请让两台机器都使用 NTP 校时。' },
        ),
      ],
    }
  } catch (error) {
    const code = String((error as { code?: unknown }).code ?? 'no answer')
    const fix = {
      en: 'Check DATABASE_URL and that PostgreSQL runs.',
      zh: '请检查 DATABASE_URL 及 PostgreSQL 是否运行。',
    }
    const say = { en: `the database does not answer (${code})`, zh: `数据库无应答（${code}）` }
    return { reached: false, checks: [check('database', 'fail', say, fix)] }
  }
}

/** Writable, and room left on its disk. */
async function checkFolder(desk: Desk): Promise<DoctorCheck[]> {
  if (desk.db.kind !== 'pglite') return []
  const { data } = desk.context.config.storage
  try {
    await fs.access(data, fs.constants.R_OK | fs.constants.W_OK)
    const disk = await fs.statfs(data)
    const free = disk.bavail * disk.bsize
    const level: Level = free < DISK_FAIL ? 'fail' : free < DISK_WARN ? 'warn' : 'ok'
    return [
      check('folder', 'ok', { en: `${data} is writable`, zh: `${data} 可写` }),
      check(
        'disk',
        level,
        { en: `${Math.round(free / MB)} MB free`, zh: `剩余 ${Math.round(free / MB)} MB` },
        { en: 'Make room: a full disk stops every commit.', zh: '请腾出空间：磁盘写满后无法提交任何数据。' },
      ),
    ]
  } catch (error) {
    const code = String((error as { code?: unknown }).code ?? '?')
    const fix = { en: 'Give this user read and write access to it.', zh: '请授予当前用户读写权限。' }
    return [
      check(
        'folder',
        'fail',
        { en: `${data} cannot be used (${code})`, zh: `${data} 无法使用（${code}）` },
        fix,
      ),
    ]
  }
}

async function checkQueue(desk: Desk): Promise<DoctorCheck> {
  const { queue } = desk
  if (!queue)
    return check('queue', 'ok', { en: 'not opened: nothing runs here', zh: '未打开：此处没有运行中的进程' })
  const limit = new AbortController()
  const late = sleep(QUEUE_LIMIT, 'no answer' as const, { signal: limit.signal, ref: false })
  try {
    const state = await Promise.race([queue.ready().then(() => 'ok' as const), late])
    if (state === 'ok') return check('queue', 'ok', { en: 'answers', zh: '正常' })
    return queueAway(state)
  } catch (error) {
    return queueAway(String((error as { code?: unknown }).code ?? 'refused'))
  } finally {
    limit.abort()
    await late.catch((error: Error) => error.name)
  }
}

function queueAway(problem: string): DoctorCheck {
  return check(
    'queue',
    'fail',
    { en: `the queue does not answer (${problem})`, zh: `队列无应答（${problem}）` },
    {
      en: 'Check REDIS_URL. Nothing is lost: the ledger knows what is due.',
      zh: '请检查 REDIS_URL。数据不会丢失：账本记录了所有待办。',
    },
  )
}

/** Silent: not read to its end for three of its own intervals. */
function checkStreams(rows: StreamRow[], pausedConnections: string[]): DoctorCheck[] {
  if (rows.length === 0) return [check('schedule', 'ok', { en: 'nothing was polled yet', zh: '尚未轮询' })]
  return rows.map((row) => {
    const name = `${row.connection}/${row.stream}`
    const id = `schedule:${name}`
    if (row.error) {
      return check(
        id,
        'fail',
        { en: `${name} could not be read: ${row.error}`, zh: `${name} 读取失败：${row.error}` },
        {
          en: 'Look at the log for the cause; it is tried again with every tick.',
          zh: '请查看日志了解原因；每次调度都会重试。',
        },
      )
    }
    const allowed = Math.max(SILENT_LEAST, 3 * (row.interval ?? 0))
    const paused = pausedConnections.includes(row.connection) || pausedConnections.includes('')
    const silent = !paused && (row.silent === null || row.silent > allowed)
    const ago = row.silent === null ? 'never' : `${Math.round(row.silent)} s ago`
    const zh = row.silent === null ? '从未' : `${Math.round(row.silent)} 秒前`
    return check(
      id,
      silent ? 'warn' : 'ok',
      { en: `${name} was read ${ago}`, zh: `${name} 读取于${zh}` },
      {
        en: 'Is a process with the role "work" or "start" running?',
        zh: '是否有 "work" 或 "start" 进程在运行？',
      },
    )
  })
}

const count = (n: number, en: string, zh: string): Bilingual => ({ en: `${n} ${en}`, zh: `${n} ${zh}` })

function checkWork(facts: WorkFacts): DoctorCheck[] {
  return [
    checkInbox(facts),
    checkPushes(facts),
    check(
      'leases',
      facts.lapsed > 0 ? 'warn' : 'ok',
      count(facts.lapsed, 'leases lapsed and not taken up', '个租约已过期且无人接手'),
      { en: 'No worker is running: start one.', zh: '没有工作进程：请启动。' },
    ),
    check(
      'parked',
      facts.parked > 0 ? 'warn' : 'ok',
      count(facts.parked, 'wait for a person', '项待人工处理'),
      { en: 'See "parked list".', zh: '见 "parked list"。' },
    ),
    check('tasks', facts.tasks > 0 ? 'warn' : 'ok', count(facts.tasks, 'open tasks', '个未完成任务'), {
      en: 'Orders changed after they were sent: see "orders show".',
      zh: '订单在发送后有变更：见 "orders show"。',
    }),
  ]
}

/** What is open, whether somebody is told, and whether they can be reached. */
async function checkAlerts(desk: Desk): Promise<DoctorCheck> {
  const names = Object.keys(desk.context.config.alerts?.channels ?? {})
  const dead = await channelTroubles(desk.db, names)
  if (dead.length > 0) {
    const list = dead.map((d) => `${d.channel} (${d.code ?? '?'})`).join(', ')
    return check(
      'alerts',
      'fail',
      { en: `these channels take no messages: ${list}`, zh: `以下告警渠道无法投递：${list}` },
      { en: 'Try each: "tributary alerts test".', zh: '请逐一试发："tributary alerts test"。' },
    )
  }
  const { rows } = await listAlerts(desk.db, { all: false }, Number.MAX_SAFE_INTEGER, 100)
  if (rows.length > 0) return check('alerts', 'warn', openText(rows), ALERTS_FIX)
  const told: Bilingual =
    names.length > 0
      ? { en: `told: ${names.join(', ')}`, zh: `通知：${names.join('、')}` }
      : { en: 'nobody would be told: no channel is configured', zh: '未配置告警渠道，不会通知任何人' }
  return check('alerts', 'ok', { en: `none is open; ${told.en}`, zh: `没有未恢复的告警；${told.zh}` })
}

const ALERTS_FIX: Bilingual = { en: 'See "tributary alerts list".', zh: '见 "tributary alerts list"。' }

function openText(rows: AlertRow[]): Bilingual {
  const list = rows
    .slice(0, 5)
    .map((r) => r.cause)
    .join(', ')
  const more = rows.length > 5 ? ', …' : ''
  return { en: `open: ${rows.length} (${list}${more})`, zh: `未恢复：${rows.length}（${list}${more}）` }
}

function checkInbox(facts: WorkFacts): DoctorCheck {
  const backlog = Math.round(Math.max(facts.inboxAge ?? 0, facts.hintAge ?? 0))
  return check(
    'inbox',
    backlog > BACKLOG_FAIL ? 'fail' : backlog > BACKLOG_WARN ? 'warn' : 'ok',
    { en: `the oldest record waits for ${backlog} s`, zh: `最早的记录已等待 ${backlog} 秒` },
    {
      en: 'Is a worker running, and is the database fast enough?',
      zh: '工作进程是否在运行？数据库是否足够快？',
    },
  )
}

function checkPushes(facts: WorkFacts): DoctorCheck {
  const age = Math.round(facts.doubtAge ?? 0)
  return check(
    'pushes',
    facts.overdue > 0 || age > DOUBT_WARN ? 'warn' : 'ok',
    {
      en: `${facts.doubt} in doubt (oldest ${age} s), ${facts.overdue} overdue`,
      zh: `${facts.doubt} 个结果未知（最早 ${age} 秒），${facts.overdue} 个逾期`,
    },
    {
      en: 'See "push list --state unknown"; the target may be away.',
      zh: '见 "push list --state unknown"；目标系统可能不可用。',
    },
  )
}

function pausedText(paused: Awaited<ReturnType<typeof pauses>>): Bilingual {
  const list = paused
    .map((p) => `${[p.connection, p.flow, p.kind].filter(Boolean).join(' ')} (${p.who}: ${p.why})`)
    .join('; ')
  return { en: `paused: ${list}`, zh: `已暂停：${list}` }
}
