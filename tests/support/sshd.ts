/** A private OpenSSH server with SFTP for one test: own keys, a free port, nothing of the machine's configuration. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { startChild } from './child.ts'
import { freePort } from './free-port.ts'
import { sshdMissing, sshdPrograms } from './machine.ts'
import { started } from './services.ts'

export interface SshdService {
  port: number
  user: string
  /** The private key that it lets in. */
  key: string
  /** Of its own key. */
  fingerprint: string
  stop(): Promise<void>
}

/** Its sessions run as the user who runs the tests. Throws with its last words. */
export async function startSshd(): Promise<SshdService> {
  const programs = sshdPrograms()
  if (!programs) throw new Error(sshdMissing()!)
  const home = mkdtempSync(join(tmpdir(), 'tributary-sshd-'))
  chmodSync(home, 0o755)
  for (const name of ['host', 'client'])
    execFileSync(programs.keygen, ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, name)])
  writeFileSync(join(home, 'authorized'), readFileSync(join(home, 'client.pub')))
  const port = await freePort()
  const lines = [
    ...[`Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${join(home, 'host')}`],
    ...[`AuthorizedKeysFile ${join(home, 'authorized')}`, `PidFile ${join(home, 'pid')}`],
    ...['StrictModes no', 'UsePAM no', 'PasswordAuthentication no', 'PermitRootLogin yes'],
    'Subsystem sftp internal-sftp',
  ]
  writeFileSync(join(home, 'config'), `${lines.join('\n')}\n`)
  // OpenSSH before 9.8 wants this folder, also when it does not separate privileges
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const server = await startChild(programs.server, ['-D', '-e', '-f', join(home, 'config')], { cwd: home })
  await started(server, () => reached(port))
  const shown = execFileSync(programs.keygen, ['-l', '-f', join(home, 'host.pub')], { encoding: 'utf8' })
  return {
    ...{ port, user: userInfo().username, key: readFileSync(join(home, 'client'), 'utf8') },
    fingerprint: shown.split(' ')[1]!,
    async stop() {
      await server.end('SIGTERM')
      rmSync(home, { recursive: true, force: true })
    },
  }
}

function reached(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
}
