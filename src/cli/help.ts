/** Help and usage errors in the reader's language. Commander's own words are English. */
import type { Command, CommanderError } from 'commander'
import type { Cli } from './context.ts'

/** Runs over every command when all are registered: titles, help options, silent errors (main prints them). */
export function localize({ program, say }: Cli): void {
  const titles: Record<string, string> = {
    'Usage:': say('help.usage'),
    'Arguments:': say('help.arguments'),
    'Options:': say('help.options'),
    'Global Options:': say('help.global'),
    'Commands:': say('help.commands'),
  }
  const visit = (command: Command) => {
    command
      .helpOption('-h, --help', say('option.help'))
      .exitOverride()
      .configureOutput({
        writeErr: (text) => (text.startsWith('error:') ? undefined : process.stderr.write(text)),
      })
      .configureHelp({ showGlobalOptions: true, styleTitle: (title) => titles[title] ?? title })
    if (command.commands.length > 0) command.helpCommand('help [command]', say('option.help'))
    for (const inner of command.commands) visit(inner)
  }
  visit(program)
  program.addHelpText('after', `\n${say('help.codes')}`)
}

/** What was wrong with the command line. */
export function usageText({ say, language }: Cli, error: CommanderError): string {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? ''
  const near = /Did you mean ([^?]+)\?/.exec(error.message)?.[1]
  const keys = {
    'commander.unknownCommand': 'usage.command',
    'commander.unknownOption': 'usage.option',
    'commander.missingArgument': 'usage.argument',
    'commander.optionMissingArgument': 'usage.value',
    'commander.excessArguments': 'usage.excess',
  } as const
  const key = keys[error.code as keyof typeof keys]
  if (!key) return language === 'en' ? error.message : say('usage.other', { message: error.message })
  return say(key, { name: quoted }) + (near ? ` ${say('usage.near', { near })}` : '')
}
