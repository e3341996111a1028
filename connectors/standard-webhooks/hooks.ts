import type { Hooks } from 'tributary/hooks'

const NOTHING = Buffer.alloc(0)

export default {
  http: {
    /** Any 2xx is the receipt; what a receiver writes under it means nothing. */
    decode: (answer) => (answer.status >= 200 && answer.status < 300 ? { ...answer, body: NOTHING } : answer),
  },
  async check({ settings, http }, signal) {
    if (!settings.url) return { ok: true, say: 'Takes webhooks in; no address to send to is set' }
    const { status } = await http({ method: 'HEAD', path: '/', signal })
    return { ok: status < 500, say: `The receiver answers HTTP ${status}; nothing was sent to it` }
  },
} satisfies Hooks
