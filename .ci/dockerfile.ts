/** Reads and judges a Dockerfile. Executing it is in dockerfile-check.ts. */

export interface Instruction {
  /** Upper case: FROM, RUN, COPY… */
  name: string
  /** `--from=build` → { from: 'build' } */
  flags: Record<string, string>
  /** The rest, continuation lines joined. */
  text: string
  /** The JSON form (`["node", "x"]`), or null for the shell form. */
  list: string[] | null
  line: number
}

/** Splits a Dockerfile into its instructions, comments left out. Throws on a line that is none. */
export function parseDockerfile(text: string): Instruction[] {
  const found: Instruction[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1
    let whole = lines[at]!
    if (/^\s*(#|$)/.test(whole)) continue
    while (whole.endsWith('\\') && at + 1 < lines.length)
      whole = `${whole.slice(0, -1).trimEnd()} ${lines[++at]!.trim()}`
    found.push(instruction(whole.trim(), line))
  }
  return found
}

function instruction(whole: string, line: number): Instruction {
  const match = /^([A-Za-z]+)\s+(.*)$/.exec(whole)
  if (!match) throw new Error(`line ${line} is no instruction: ${whole}`)
  let text = match[2]!
  const flags: Record<string, string> = {}
  for (let flag = /^--([a-z-]+)=(\S+)\s+/.exec(text); flag; flag = /^--([a-z-]+)=(\S+)\s+/.exec(text)) {
    flags[flag[1]!] = flag[2]!
    text = text.slice(flag[0].length)
  }
  return { name: match[1]!.toUpperCase(), flags, text, list: jsonList(text), line }
}

function jsonList(text: string): string[] | null {
  if (!text.startsWith('[')) return null
  const list: unknown = JSON.parse(text)
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
    throw new Error(`no list: ${text}`)
  return list
}

/** A stage: FROM and what follows it. */
export interface Stage {
  name: string
  base: string
  instructions: Instruction[]
}

/** Groups instructions by FROM. Throws when something other than ARG stands before the first one. */
export function stagesOf(instructions: Instruction[]): Stage[] {
  const stages: Stage[] = []
  for (const found of instructions) {
    if (found.name === 'FROM') {
      const [base, , name] = found.text.split(/\s+/)
      stages.push({ base: base!, name: name ?? String(stages.length), instructions: [] })
    } else if (stages.length > 0) stages.at(-1)!.instructions.push(found)
    else throw new Error(`line ${found.line}: ${found.name} before FROM`)
  }
  return stages
}

/** What is wrong with a Dockerfile, one sentence each; empty when nothing is. */
export function lintDockerfile(text: string): string[] {
  const stages = stagesOf(parseDockerfile(text))
  if (stages.length === 0) return ['it has no FROM']
  const names = new Set(stages.map((stage) => stage.name))
  const problems = stages.filter((stage) => !names.has(stage.base)).flatMap((stage) => lintBase(stage.base))
  if (stages.length < 2) problems.push('one stage only: build tools and caches end up in the image')
  for (const stage of stages) for (const found of stage.instructions) problems.push(...lintInstruction(found))
  return [...problems, ...lintFinal(stages.at(-1)!)]
}

function lintBase(base: string): string[] {
  if (/@sha256:/.test(base)) return []
  const tag = /:([^/]+)$/.exec(base)?.[1]
  if (!tag || tag === 'latest') return [`${base}: no tag`]
  return /^\d+\.\d+\.\d+/.test(tag) ? [] : [`${base}: the tag moves; state the whole version`]
}

function lintInstruction({ name, text, flags, line }: Instruction): string[] {
  const problems: string[] = []
  if (name === 'ADD') problems.push('ADD may fetch and unpack; use COPY')
  if ((name === 'ENV' || name === 'ARG') && /(password|secret|token|api_?key)\w*[= ]/i.test(text)) {
    problems.push(`${name} carries a secret`)
  }
  if (name === 'RUN' && /\bcurl\b.*\|\s*(ba)?sh/.test(text)) problems.push('runs a script from the network')
  if (name === 'RUN' && /\bnpm (install|i)\b/.test(text))
    problems.push('npm install is not repeatable; use npm ci')
  if (name === 'RUN' && /\bsudo\b/.test(text)) problems.push('sudo')
  if (name === 'COPY' && !flags.from && /^\.\s/.test(text)) problems.push('COPY . takes whatever lies about')
  return problems.map((problem) => `line ${line}: ${problem}`)
}

function lintFinal({ instructions }: Stage): string[] {
  const last = (name: string) => instructions.findLast((found) => found.name === name)
  const problems: string[] = []
  const user = last('USER')?.text
  if (!user || /^(root|0)(:|$)/.test(user)) problems.push('the image runs as root: no USER in the last stage')
  if (!last('HEALTHCHECK') || last('HEALTHCHECK')!.text === 'NONE') problems.push('no HEALTHCHECK')
  for (const name of ['CMD', 'ENTRYPOINT']) {
    if (last(name) && !last(name)!.list)
      problems.push(`${name} in shell form: the shell would swallow SIGTERM`)
  }
  if (!last('CMD') && !last('ENTRYPOINT')) problems.push('nothing to start: no CMD')
  if (!last('WORKDIR')) problems.push('no WORKDIR')
  return problems
}
