/** `tributary token create|list|revoke`: keys to the HTTP API. */
import type { Command } from 'commander'
import type { TokenScope } from '../runtime/operations.ts'
import { actor, type Cli, given, readCount, readWord } from './context.ts'
import { withOperations } from './open.ts'
import { instant, table } from './table.ts'

const SCOPES = ['read', 'operate'] as const satisfies readonly TokenScope[]

export function token(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('token').description(say('token'))
  group
    .command('create')
    .description(say('token.create'))
    .argument('<name>', say('argument.token-name'))
    .option('--scope <scope>', say('option.scope'), 'read')
    .option('--days <count>', say('option.days'))
    .action((name: string, options: { scope: string; days?: string }) => create(cli, name, options))
  group
    .command('list')
    .description(say('token.list'))
    .action(() => list(cli))
  group
    .command('revoke')
    .description(say('token.revoke'))
    .argument('<token>', say('argument.token'))
    .action((id: string) => revoke(cli, id))
  return group
}

async function create(cli: Cli, name: string, options: { scope: string; days?: string }): Promise<void> {
  const scope = readWord('scope', options.scope, SCOPES)!
  const days = given({ days: readCount('days', options.days, [1, 3650]) })
  const made = await withOperations(cli, (o) => o.tokenCreate({ name, scope, ...days, ...actor() }))
  // The token alone on standard output, so that a script can take it.
  cli.show(made, () => made.token)
  cli.remark(cli.say('token.once', { name, scope }))
}

async function list(cli: Cli): Promise<void> {
  const { say } = cli
  const tokens = await withOperations(cli, (o) => o.tokenList({}))
  cli.show(tokens, () => {
    if (tokens.length === 0) return say('nothing')
    const titles = ['token', 'name', 'scope', 'created', 'expires', 'revoked', 'used'] as const
    return table(
      titles.map((t) => say(`column.${t}`)),
      tokens.map((t) => [
        t.id,
        t.name,
        t.scope,
        instant(t.createdAt),
        instant(t.expiresAt),
        instant(t.revokedAt),
        instant(t.lastUsedAt),
      ]),
    )
  })
}

async function revoke(cli: Cli, id: string): Promise<void> {
  const revoked = await withOperations(cli, (o) => o.tokenRevoke({ id, ...actor() }))
  cli.show(revoked, () => cli.say('token.revoked', { name: revoked.name }))
}
