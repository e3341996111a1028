/**
 * Mail over SMTP (nodemailer, loaded when the first mail is sent). A message that is sent again has the same
 * Message-ID, and all messages about an alert belong to one thread.
 */

import { alertError } from '../core/errors/alert.ts'
import type { TributaryError } from '../core/errors/error.ts'
import { refuseInsideTransaction } from '../core/transaction-guard.ts'
import { said } from './call.ts'
import type { Channel, ChannelSettings, Notice, Style } from './channel.ts'
import { messageOf } from './message.ts'

type MailSettings = Extract<ChannelSettings, { kind: 'mail' }>

/** The whole exchange may take this long. Milliseconds. */
const LIMIT = 30_000
const STEP_LIMIT = 10_000
const MOST = 60_000

export function openMail(name: string, settings: MailSettings, style: Style): Channel {
  return {
    name,
    kind: 'mail',
    folds: true,
    async send(notices, signal) {
      refuseInsideTransaction('sending a mail')
      const { createTransport } = await import('nodemailer')
      const transport = createTransport(transportOptions(settings))
      const close = () => transport.close()
      const stop = AbortSignal.any([signal, AbortSignal.timeout(LIMIT)])
      try {
        await Promise.race([transport.sendMail(mailOf(notices, settings, style)), aborted(stop)])
      } catch (error) {
        throw failureOf(name, settings, error)
      } finally {
        close()
      }
    },
    close: () => undefined,
  }
}

function transportOptions({ host, port, tls, user, password }: MailSettings) {
  return {
    host,
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: STEP_LIMIT,
    greetingTimeout: STEP_LIMIT,
    socketTimeout: STEP_LIMIT,
    dnsTimeout: STEP_LIMIT,
    // the texts hold keys from outside: nothing in them is to be opened
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** Plain text: nothing in it is taken for markup. */
function mailOf(notices: Notice[], { from, to }: MailSettings, style: Style) {
  const { title, lines } = messageOf(notices, style, MOST)
  const domain = /@([\w.-]+)/.exec(from)?.[1] ?? 'tributary.invalid'
  const id = (text: string) => `<${text.replace(/[^\w.-]/g, '-')}@${domain}>`
  const thread = notices.length === 1 ? { references: id(`alert-${notices[0]!.alert}`) } : {}
  return {
    from,
    to,
    subject: title,
    text: `${lines.join('\n')}\n`,
    messageId: id(
      notices
        .map((n) => n.id)
        .join('.')
        .slice(0, 120),
    ),
    // no answers from out-of-office programs
    headers: { 'Auto-Submitted': 'auto-generated' },
    ...thread,
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

const ENCRYPTION =
  /^(ETLS|EREQUIRETLS|CERT_\w+|UNABLE_TO_\w+|SELF_SIGNED_\w+|DEPTH_ZERO_\w+|ERR_TLS_\w+|ERR_SSL_\w+)$/

interface SmtpError {
  code?: string
  responseCode?: number
  response?: string
  /** Of the socket. */
  originalCode?: string
}

/** The server's own words name no secret; the error object, which holds the exchange, stays here. */
function failureOf(channel: string, { host }: MailSettings, error: unknown): TributaryError {
  const { code = 'ENETWORK', responseCode, response, originalCode } = error as SmtpError
  const reason = said(responseCode ?? originalCode ?? code, response?.replace(/^\d{3}[ -]?/, ''))
  const detail = { channel, host, reason }
  if (ENCRYPTION.test(code) || ENCRYPTION.test(originalCode ?? '')) {
    return alertError('ALERT_MAIL_ENCRYPTION', detail)
  }
  if (responseCode !== undefined && responseCode >= 400 && responseCode < 500) {
    return alertError('ALERT_FAILED', detail)
  }
  if (code === 'EAUTH' || code === 'ENOAUTH') return alertError('ALERT_MAIL_LOGIN', detail)
  if (responseCode !== undefined) return alertError('ALERT_REFUSED', detail)
  return alertError('ALERT_UNREACHABLE', detail)
}
