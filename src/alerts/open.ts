/** Opens the configured channels. */
import type { Channel, ChannelSettings, Style } from './channel.ts'
import { openDingtalk } from './dingtalk.ts'
import { openFeishu } from './feishu.ts'
import { openMail } from './mail.ts'
import { openWebhookChannel } from './webhook.ts'
import { openWecom } from './wecom.ts'

/** One channel. Nothing is sent or asked yet. */
export function openChannel(name: string, settings: ChannelSettings, style: Style): Channel {
  switch (settings.kind) {
    case 'webhook':
      return openWebhookChannel(name, settings)
    case 'mail':
      return openMail(name, settings, style)
    case 'dingtalk':
      return openDingtalk(name, settings, style)
    case 'wecom':
      return openWecom(name, settings, style)
    case 'feishu':
      return openFeishu(name, settings, style)
  }
}

/** All of them by name. */
export function openChannels(settings: Record<string, ChannelSettings>, style: Style): Channel[] {
  return Object.entries(settings).map(([name, one]) => openChannel(name, one, style))
}
