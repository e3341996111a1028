import { type ErrorEntry, thrower } from './error.ts'

export const LEDGER_ERRORS = {
  LEDGER_FOLDER_HELD: {
    kind: 'config',
    say: {
      en: 'The data folder {folder} is in use by {owner}.',
      zh: '数据目录 {folder} 正被{owner}使用。',
    },
    fix: {
      en: 'Stop that process, or use another folder (--data). The CLI talks to a running process by itself.',
      zh: '请停止该进程,或用 --data 指定其他目录。命令行会自动与运行中的进程通信。',
    },
  },
  LEDGER_TOKEN_BUSY: {
    kind: 'transient',
    say: {
      en: 'Connection {connection}: another process has been renewing its token for more than a minute.',
      zh: '连接 {connection}：另一个进程更新其令牌已超过一分钟。',
    },
    fix: {
      en: 'It is tried again by itself. If it lasts, look at that process and at the platform that gives the tokens.',
      zh: '系统会自动重试。如持续出现，请检查该进程以及发放令牌的平台。',
    },
  },
  LEDGER_EMBEDDED_STOPPED: {
    kind: 'internal',
    say: { en: 'The embedded database has stopped.', zh: '内嵌数据库已停止。' },
    fix: {
      en: 'Restart Tributary; committed records are safe. If it happens again, look at the log for the cause.',
      zh: '请重启 Tributary,已提交的记录是安全的。若再次发生,请查看日志。',
    },
  },
  LEDGER_EMBEDDED_UNREADABLE: {
    kind: 'config',
    say: {
      en: 'The embedded database in {folder} cannot be opened: {problem}',
      zh: '无法打开 {folder} 中的内嵌数据库:{problem}',
    },
    fix: {
      en: 'Check that the folder is writable and the disk is not full; otherwise restore the last backup.',
      zh: '请检查目录可写且磁盘未满;否则请恢复最近的备份。',
    },
  },
  LEDGER_LEASE_LOST: {
    kind: 'transient',
    say: {
      en: 'Reading {stream} of {connection} took too long to say that it lives; another process goes on with it.',
      zh: '读取 {connection} 的 {stream} 时未能及时续租，已由其他进程接手。',
    },
    fix: {
      en: 'Nothing is lost. If it lasts, the database is away or this process stands still for seconds: look at the load.',
      zh: '没有数据丢失。若持续出现，可能是数据库不可用或进程长时间停顿，请检查负载。',
    },
  },
  LEDGER_UNREACHABLE: {
    kind: 'transient',
    say: { en: 'The database cannot be reached: {problem}', zh: '无法连接数据库:{problem}' },
    fix: {
      en: 'Check DATABASE_URL and that PostgreSQL runs. Tributary keeps trying; nothing is acknowledged meanwhile.',
      zh: '请检查 DATABASE_URL 及 PostgreSQL 是否运行。Tributary 会不断重试,期间不会确认任何数据。',
    },
  },
  LEDGER_TOO_OLD: {
    kind: 'config',
    say: {
      en: 'PostgreSQL {found} is too old; 15 is the oldest that is supported.',
      zh: 'PostgreSQL {found} 版本过低,最低支持 15。',
    },
    fix: { en: 'Upgrade the PostgreSQL server.', zh: '请升级 PostgreSQL 服务器。' },
  },
  LEDGER_NEWER_SCHEMA: {
    kind: 'config',
    say: {
      en: 'The ledger was migrated by a newer Tributary (migration {found}; this one knows {known}).',
      zh: '账本已被更新版本的 Tributary 迁移(迁移 {found},本版本只到 {known})。',
    },
    fix: {
      en: 'Run the newer version, or restore a backup made before the upgrade.',
      zh: '请运行新版本,或恢复升级前的备份。',
    },
  },
  LEDGER_BUSY: {
    kind: 'transient',
    say: {
      en: 'The ledger is slower than what arrives: {waiting} rows wait to be committed.',
      zh: '账本写入慢于接收速度:{waiting} 行等待提交。',
    },
    fix: {
      en: 'The sender is asked to try again. If it lasts, give the database more power or move it to PostgreSQL.',
      zh: '已要求发送方稍后重试。若持续发生,请提升数据库性能或改用 PostgreSQL。',
    },
  },
  LEDGER_BACKUP_UNREADABLE: {
    kind: 'config',
    say: { en: 'The backup {file} cannot be used: {problem}', zh: '备份 {file} 无法使用:{problem}' },
    fix: { en: 'Name a file that `tributary backup` wrote.', zh: '请指定由 `tributary backup` 生成的文件。' },
  },
  LEDGER_BACKUP_EXISTS: {
    kind: 'input',
    say: { en: 'There is already a file {file}.', zh: '文件 {file} 已存在。' },
    fix: {
      en: 'Name a new file: a backup never overwrites anything.',
      zh: '请指定新文件名:备份不会覆盖任何文件。',
    },
  },
  LEDGER_NOT_EMPTY: {
    kind: 'input',
    say: { en: 'The ledger is not empty: table {table} has rows.', zh: '账本不为空:表 {table} 中已有数据。' },
    fix: {
      en: 'Restore into a new data folder or a new database.',
      zh: '请恢复到新的数据目录或新的数据库。',
    },
  },
} satisfies Record<string, ErrorEntry>

export const ledgerError = thrower(LEDGER_ERRORS)
