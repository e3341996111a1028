/** Judges compose.yaml: no container engine is needed. */
import { parse } from 'yaml'

interface Service {
  image?: string
  build?: unknown
  command?: unknown
  environment?: Record<string, unknown>
  ports?: unknown[]
  depends_on?: Record<string, { condition?: string }>
  healthcheck?: { test?: unknown; disable?: boolean }
  restart?: string
  user?: string
  privileged?: boolean
}

/** What is wrong with a compose file, one sentence each. `wanted` are the services that must be there. */
export function lintCompose(text: string, wanted: string[]): string[] {
  const file = parse(text, { merge: true }) as {
    services?: Record<string, Service>
    volumes?: Record<string, unknown>
  } | null
  const services = file?.services ?? {}
  const problems = wanted.filter((name) => !services[name]).map((name) => `no service ${name}`)
  for (const [name, service] of Object.entries(services)) {
    problems.push(...lintService(service, services).map((problem) => `${name}: ${problem}`))
  }
  return problems
}

function lintService(service: Service, services: Record<string, Service>): string[] {
  return [
    ...lintSource(service),
    ...lintSecrets(service),
    ...lintPorts(service),
    ...lintOrder(service, services),
  ]
}

function lintSource({ image, build, privileged, restart }: Service): string[] {
  const problems: string[] = []
  if (!image && !build) problems.push('neither image nor build')
  if (image && !build && !/:\d+\.\d+/.test(image)) problems.push(`${image}: no pinned version`)
  if (privileged) problems.push('privileged')
  if (!restart) problems.push('no restart policy')
  return problems
}

function lintSecrets({ environment = {} }: Service): string[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    const text = String(value ?? '')
    // ${NAME:?message} must be given; ${NAME:-default} and plain text would be a published default
    const literal = /password|secret|token/i.test(name) && !/^\$\{\w+(:?\?[^}]*)?\}$/.test(text)
    const inAddress = /:\/\/[^:@/]*:([^@]*)@/.exec(text)?.[1]
    const publishedAddress = inAddress !== undefined && !/^\$\{\w+(:?\?[^}]*)?\}$/.test(inAddress)
    return literal || publishedAddress ? [`${name} has a published default`] : []
  })
}

function lintPorts({ ports = [] }: Service): string[] {
  const open = ports.filter((port) => !/^(127\.0\.0\.1|\$\{\w+:-127\.0\.0\.1\}):/.test(String(port)))
  return open.map((port) => `port ${String(port)} is open to the network`)
}

function lintOrder(service: Service, services: Record<string, Service>): string[] {
  const problems: string[] = []
  if (!service.healthcheck && service.image && !service.build) problems.push('no healthcheck')
  for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
    if (!services[name]) problems.push(`depends on ${name}, which is not there`)
    if (!condition) problems.push(`depends on ${name} without a condition: it would start too early`)
    if (condition === 'service_healthy' && !services[name]?.healthcheck && !services[name]?.build) {
      problems.push(`waits until ${name} is healthy, which has no healthcheck`)
    }
  }
  return problems
}
