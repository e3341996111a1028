import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lintCompose } from '../../.ci/compose.ts'
import { lintDockerfile, parseDockerfile } from '../../.ci/dockerfile.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

const GOOD = `FROM node:24.1.0-slim AS build
WORKDIR /app
COPY package.json ./
RUN npm ci \\
    --omit=dev
FROM node:24.1.0-slim
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
USER node
HEALTHCHECK CMD ["node", "-e", "0"]
CMD ["node", "main.ts"]
`

describe('the Dockerfile', () => {
  it('ours has nothing to complain about', () => {
    expect(lintDockerfile(read('Dockerfile'))).toEqual([])
  })

  it('is read with flags, continuations and lists', () => {
    const [, , , run, , , copy, , , cmd] = parseDockerfile(GOOD)
    expect(run).toMatchObject({ name: 'RUN', text: 'npm ci --omit=dev', line: 4 })
    expect(copy).toMatchObject({ flags: { from: 'build' }, text: '/app/node_modules ./node_modules' })
    expect(cmd?.list).toEqual(['node', 'main.ts'])
  })

  it.each([
    ['USER node', 'USER root', /root/],
    ['node:24.1.0-slim AS', 'node:latest AS', /no tag/],
    ['node:24.1.0-slim AS', 'node:24-slim AS', /moves/],
    ['HEALTHCHECK CMD ["node", "-e", "0"]', '', /HEALTHCHECK/],
    ['CMD ["node", "main.ts"]', 'CMD node main.ts', /SIGTERM/],
    ['COPY package.json ./', 'COPY . .', /lies about/],
    ['npm ci', 'npm install', /npm ci/],
    ['USER node', 'ENV API_TOKEN=abc\nUSER node', /secret/],
  ])('refuses %s → %s', (from, to, why) => {
    expect(lintDockerfile(GOOD)).toEqual([])
    expect(lintDockerfile(GOOD.replace(from, to)).join('\n')).toMatch(why)
  })
})

const COMPOSE = `services:
  db:
    image: postgres:17.6
    restart: unless-stopped
    environment: { POSTGRES_PASSWORD: "\${DB_PASSWORD:?say one}" }
    healthcheck: { test: [CMD, pg_isready] }
  app:
    build: .
    restart: unless-stopped
    ports: ["127.0.0.1:8080:8080"]
    environment: { DATABASE_URL: "postgres://t:\${DB_PASSWORD}@db/t" }
    depends_on: { db: { condition: service_healthy } }
`

describe('compose.yaml', () => {
  it('ours has nothing to complain about', () => {
    expect(lintCompose(read('compose.yaml'), ['postgres', 'valkey', 'serve', 'work'])).toEqual([])
  })

  it.each([
    ['"${DB_PASSWORD:?say one}"', 'postgres', /published default/],
    ['"${DB_PASSWORD:?say one}"', '"${DB_PASSWORD:-postgres}"', /published default/],
    ['t:${DB_PASSWORD}@', 't:tributary@', /published default/],
    ['{ condition: service_healthy }', '{}', /too early/],
    ['db: { condition', 'redis: { condition', /not there/],
    ['postgres:17.6', 'postgres', /pinned/],
    ['"127.0.0.1:8080:8080"', '"8080:8080"', /open to the network/],
    ['    healthcheck: { test: [CMD, pg_isready] }\n', '', /healthcheck/],
  ])('refuses %s → %s', (from, to, why) => {
    expect(lintCompose(COMPOSE, ['db', 'app'])).toEqual([])
    expect(COMPOSE).toContain(from)
    expect(
      lintCompose(
        COMPOSE.replace(from, () => to),
        ['db', 'app'],
      ).join('\n'),
    ).toMatch(why)
  })

  it('misses a service', () => {
    expect(lintCompose(COMPOSE, ['work'])).toEqual(['no service work'])
  })
})
