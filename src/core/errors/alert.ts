import { type ErrorEntry, thrower } from './error.ts'

/** What a channel can answer to a message. */
export const ALERT_ERRORS = {
  ALERT_UNREACHABLE: {
    kind: 'transient',
    say: {
      en: 'the channel {channel}: no answer from {host} ({reason})',
      zh: '告警渠道 {channel}：{host} 没有应答（{reason}）',
    },
    fix: {
      en: 'It is tried again by itself for a day. If it lasts, look at the address, the network and the proxy.',
      zh: '系统会在一天内自动重试。如持续出现，请检查地址、网络和代理。',
    },
  },
  ALERT_THROTTLED: {
    kind: 'transient',
    say: {
      en: 'the channel {channel}: {host} takes no more messages for now ({reason})',
      zh: '告警渠道 {channel}：{host} 暂时限流（{reason}）',
    },
    fix: {
      en: 'It is tried again by itself. Others may be using the same robot: give Tributary one of its own.',
      zh: '系统会自动重试。可能有其他程序在使用同一个机器人，请为 Tributary 单独建一个。',
    },
  },
  ALERT_FAILED: {
    kind: 'transient',
    say: {
      en: 'the channel {channel}: {host} failed ({reason})',
      zh: '告警渠道 {channel}：{host} 出错（{reason}）',
    },
    fix: {
      en: 'It is tried again by itself for a day. If it lasts, a proxy or an error page may stand in between.',
      zh: '系统会在一天内自动重试。如持续出现，可能被代理或错误页面拦截。',
    },
  },
  ALERT_SIGNATURE: {
    kind: 'config',
    say: {
      en: 'the channel {channel}: {host} does not accept the signature ({reason})',
      zh: '告警渠道 {channel}：{host} 不接受签名（{reason}）',
    },
    fix: {
      en: "Check the channel's secret, and that this machine's clock is right.",
      zh: '请检查该渠道的 secret，以及本机时钟是否准确。',
    },
  },
  ALERT_TOKEN: {
    kind: 'config',
    say: {
      en: 'the channel {channel}: {host} does not know this robot any more ({reason})',
      zh: '告警渠道 {channel}：{host} 不认识该机器人（{reason}）',
    },
    fix: {
      en: "Copy the address from the robot's settings again; it may have been removed from the group or stopped.",
      zh: '请到群机器人设置中重新复制地址；机器人可能已被移出群或停用。',
    },
  },
  ALERT_KEYWORD: {
    kind: 'config',
    say: {
      en: 'the channel {channel}: the robot wants a keyword that is not in the message ({reason})',
      zh: '告警渠道 {channel}：消息中没有机器人要求的关键词（{reason}）',
    },
    fix: {
      en: 'Make "Tributary" a keyword of the robot (every message holds it), or use its signature instead.',
      zh: '请把 "Tributary" 设为机器人的关键词（每条消息都含有它），或改用加签。',
    },
  },
  ALERT_ADDRESS: {
    kind: 'config',
    say: {
      en: "the channel {channel}: this machine's address is not on the robot's list ({reason})",
      zh: '告警渠道 {channel}：本机地址不在机器人的 IP 白名单中（{reason}）',
    },
    fix: {
      en: "Put the address by which this machine reaches the internet on the robot's list.",
      zh: '请把本机的出口 IP 加入机器人的白名单。',
    },
  },
  ALERT_REFUSED: {
    kind: 'config',
    say: {
      en: 'the channel {channel}: {host} does not take the message ({reason})',
      zh: '告警渠道 {channel}：{host} 拒收消息（{reason}）',
    },
    fix: {
      en: "Check the channel's settings.",
      zh: '请检查该渠道的设置。',
    },
  },
  ALERT_GONE: {
    kind: 'config',
    say: {
      en: 'the channel {channel}: {host} says that nobody listens there any more (410)',
      zh: '告警渠道 {channel}：{host} 表示该地址已停用（410）',
    },
    fix: {
      en: 'Remove the channel, or give it another address. The message is not sent again.',
      zh: '请删除该渠道或更换地址。该消息不再重发。',
    },
  },
  ALERT_MAIL_LOGIN: {
    kind: 'config',
    say: {
      en: 'the channel {channel}: {host} refuses user and password ({reason})',
      zh: '告警渠道 {channel}：{host} 拒绝了用户名或密码（{reason}）',
    },
    fix: {
      en: 'Check user and password; many providers want a password made for programs.',
      zh: '请检查用户名和密码；许多邮箱需要使用授权码而非登录密码。',
    },
  },
  ALERT_MAIL_ENCRYPTION: {
    kind: 'config',
    say: {
      en: 'the channel {channel}: no safe connection to {host} ({reason})',
      zh: '告警渠道 {channel}：无法与 {host} 建立安全连接（{reason}）',
    },
    fix: {
      en: 'Port 465 wants "tls: tls", port 587 "tls: starttls"; NODE_EXTRA_CA_CERTS names a certificate of your own.',
      zh: '465 端口用 "tls: tls"，587 端口用 "tls: starttls"；自签证书请用 NODE_EXTRA_CA_CERTS 指定。',
    },
  },
} satisfies Record<string, ErrorEntry>

/** Throws for channels: `throw alertError('ALERT_UNREACHABLE', { channel, host, reason })`. */
export const alertError = thrower(ALERT_ERRORS)
