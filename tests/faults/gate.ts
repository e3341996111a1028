/** A TCP gate in front of a server: shut, it refuses new connections and cuts those that go through it. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../support/free-port.ts'

export interface Gate {
  port: number
  open(): Promise<void>
  shut(): Promise<void>
}

/** A gate to 127.0.0.1:`to`, shut at first. */
export async function gateTo(to: number): Promise<Gate> {
  const port = await freePort()
  const sockets = new Set<Socket>()
  let server: Server | null = null
  const through = (from: Socket) => {
    const onward = connect(to, '127.0.0.1')
    for (const [a, b] of [
      [from, onward],
      [onward, from],
    ] as const) {
      sockets.add(a)
      a.pipe(b)
      a.on('error', () => b.destroy())
      a.once('close', () => {
        sockets.delete(a)
        b.destroy()
      })
    }
  }
  return {
    port,
    async open() {
      const opened = createServer(through)
      server = opened
      await new Promise<void>((resolve, reject) => {
        opened.once('error', reject)
        opened.listen(port, '127.0.0.1', resolve)
      })
    },
    async shut() {
      const shutting = server
      server = null
      if (!shutting) return
      const closed = new Promise<void>((resolve) => shutting.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
