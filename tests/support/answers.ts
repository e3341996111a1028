/** Answers over HTTP that come by and by. */

/** Asks again until the status is the wished one, at most for two seconds. */
export async function until(ask: () => Promise<Response>, status: number): Promise<Response> {
  const end = Date.now() + 2000
  for (;;) {
    const answer = await ask()
    if (answer.status === status) return answer
    if (Date.now() > end) throw new Error(`still ${answer.status}, not ${status}`)
    await new Promise((r) => setTimeout(r, 50))
  }
}

/** Asks again until the text holds a part, at most for three seconds. */
export async function untilText(ask: () => Promise<string>, part: string): Promise<string> {
  const end = Date.now() + 3000
  for (;;) {
    const text = await ask()
    if (text.includes(part) || Date.now() > end) return text
    await new Promise((r) => setTimeout(r, 100))
  }
}
