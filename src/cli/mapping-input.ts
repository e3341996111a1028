/** What the mapping commands read: an input as a system sends it, and the variables of a connection. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { TributaryError } from '../core/errors/error.ts'
import { mappingLintError } from '../core/errors/mapping-lint.ts'
import type { MapContext } from '../core/ports.ts'
import type { Cli } from './context.ts'

export interface InputOptions {
  input?: string
  connection?: string
}

/** Adds `--input` and `--connection`. */
export function withInput({ say }: Cli, command: Command): Command {
  return command
    .option('--input <file>', say('option.input'))
    .option('--connection <id>', say('option.variables'))
}

/** Reads JSON (exact beyond 2^53) or XML from a file, or from standard input for `-`. Throws MAPPING_INPUT. */
export async function readInput(file: string): Promise<unknown> {
  const { parseRecord } = await import('../connector/record.ts')
  const shown = file === '-' ? 'standard input' : file
  try {
    const body = file === '-' ? await standardInput() : readFileSync(file)
    return parseRecord({ body, contentType: isXml(body) ? 'application/xml' : 'application/json' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = error instanceof TributaryError ? message : (code ?? message)
    throw mappingLintError('MAPPING_INPUT', { file: shown, reason }, error)
  }
}

/** True for bytes that begin as XML does. */
export function isXml(body: Buffer): boolean {
  return body.subarray(0, 200).toString('utf8').trimStart().startsWith('<')
}

async function standardInput(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** The variables of a configured connection, or those that test files have where they say nothing. */
export async function contextFor(cli: Cli, connection: string | undefined): Promise<MapContext> {
  if (connection === undefined) return (await import('../mapping/check.ts')).CONTEXT
  const { connectionContext } = await import('../runtime/mapping-files.ts')
  return connectionContext(cli.config(), connection)
}
