/** A mail server for tests: it speaks as much SMTP as a sender needs (RFC 5321, STARTTLS, AUTH PLAIN). */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { CERTIFICATE, CERTIFICATE_KEY } from './certificate.ts'

export interface SmtpOptions {
  /** Offers STARTTLS with a certificate of its own, and takes no mail without it. */
  tls?: boolean
  user?: string
  password?: string
  /** What it says to commands that begin so, instead of taking them: `{ 'RCPT TO': '550 no such user' }`. */
  refuse?: Record<string, string>
  /** Takes the connection and says nothing. */
  mute?: boolean
}

export interface Mail {
  from: string
  to: string[]
  /** Headers by their names in lower case. */
  headers: Record<string, string>
  /** Decoded. */
  text: string
  encrypted: boolean
}

export interface SmtpServer {
  port: number
  mails: Mail[]
  options: SmtpOptions
  close(): Promise<void>
}

export async function startSmtp(options: SmtpOptions = {}): Promise<SmtpServer> {
  const mails: Mail[] = []
  const sockets = new Set<Socket>()
  const state = { options }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    if (!state.options.mute) converse(socket, state, mails)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    get options() {
      return state.options
    },
    set options(changed) {
      state.options = changed
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Talk {
  from: string
  to: string[]
  known: boolean
}

function converse(plain: Socket, state: { options: SmtpOptions }, mails: Mail[]): void {
  let socket: Socket = plain
  let [buffer, data, encrypted] = ['', false, false]
  const talk: Talk = { from: '', to: [], known: false }
  const say = (line: string) => socket.write(`${line}\r\n`)
  const take = (line: string) => {
    if (!data) return command(line)
    data = false
    mails.push({ from: talk.from, to: talk.to, ...parse(line), encrypted })
    say('250 2.0.0 taken')
  }
  const command = (line: string) => {
    const { tls, user, refuse = {} } = state.options
    const refusal = Object.entries(refuse).find(([start]) => line.toUpperCase().startsWith(start))
    if (refusal) return say(refusal[1])
    const verb = line.split(/[ :]/)[0]!.toUpperCase()
    if (verb === 'EHLO') {
      const offers = [...(tls && !encrypted ? ['STARTTLS'] : []), ...(user ? ['AUTH PLAIN'] : []), '8BITMIME']
      return say(
        ['250-localhost', ...offers.map((o, i) => (i === offers.length - 1 ? `250 ${o}` : `250-${o}`))].join(
          '\r\n',
        ),
      )
    }
    if (verb === 'STARTTLS') return tls ? upgrade() : say('502 5.5.1 not here')
    if (verb === 'QUIT') return say('221 bye')
    if (verb === 'AUTH')
      return say(isKnown(line, state.options, talk) ? '235 welcome' : '535 5.7.8 wrong password')
    if (tls && !encrypted) return say('530 5.7.0 STARTTLS first')
    if (user && !talk.known) return say('530 5.7.0 log in first')
    if (verb === 'MAIL') talk.from = address(line)
    if (verb === 'RCPT') talk.to = [...talk.to, address(line)]
    if (verb === 'DATA') data = true
    return say(verb === 'DATA' ? '354 go on' : '250 ok')
  }
  const read = (chunk: Buffer) => {
    buffer += chunk.toString('latin1')
    for (;;) {
      const end = buffer.indexOf(data ? '\r\n.\r\n' : '\r\n')
      if (end < 0) return
      const line = buffer.slice(0, end)
      buffer = buffer.slice(end + (data ? 5 : 2))
      take(line)
    }
  }
  const upgrade = () => {
    say('220 go on')
    plain.removeAllListeners('data')
    socket = new TLSSocket(plain, { isServer: true, cert: CERTIFICATE, key: CERTIFICATE_KEY })
    encrypted = true
    socket.on('error', () => socket.destroy())
    socket.on('data', read)
  }
  socket.on('data', read)
  say('220 localhost ready')
}

const address = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? ''

function isKnown(line: string, { user, password }: SmtpOptions, talk: Talk): boolean {
  const [, name, secret] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
    .toString()
    .split('\0')
  talk.known = name === user && secret === password
  return talk.known
}

function parse(message: string): Pick<Mail, 'headers' | 'text'> {
  const [head, ...body] = message.split('\r\n\r\n')
  const lines = head!.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  const headers = Object.fromEntries(
    lines.map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), words(l.slice(l.indexOf(':') + 1).trim())]),
  )
  const raw = body.join('\r\n\r\n')
  const encoding = headers['content-transfer-encoding'] ?? ''
  const bytes =
    encoding === 'base64'
      ? Buffer.from(raw, 'base64')
      : encoding === 'quoted-printable'
        ? quoted(raw.replace(/=\r\n/g, ''))
        : Buffer.from(raw, 'latin1')
  return { headers, text: bytes.toString('utf8') }
}

const quoted = (text: string): Buffer =>
  Buffer.from(
    text.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )

/** RFC 2047. */
function words(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi, (_, kind: string, coded: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(coded, 'base64').toString('utf8')
        : quoted(coded.replaceAll('_', ' ')).toString('utf8'),
    )
}
