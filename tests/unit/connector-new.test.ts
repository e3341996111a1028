/** `connector new`: what it writes passes the kit. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runKit } from '../../src/conformance/kit.ts'
import { answersFrom, fromOpenapi } from '../../src/conformance/new-answers.ts'
import { writeConnector } from '../../src/conformance/new-connector.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-new-'))
})
afterEach(() => rm(root, { recursive: true }))

describe('connector new', () => {
  const OPENAPI = `openapi: 3.0.3
info: { title: Blue Shop }
servers: [{ url: https://blue.example/api/ }]
paths:
  /v1/orders/{id}: { get: {} }
  /v1/orders:
    get:
      parameters:
        - { in: query, name: modified_since }
        - { $ref: '#/components/parameters/Until' }
      responses: { '200': { content: { application/json: { schema: { $ref: '#/components/schemas/List' } } } } }
components:
  parameters: { Until: { in: query, name: modified_until } }
  securitySchemes: { key: { type: apiKey, in: header, name: X-Blue-Key } }
  schemas:
    List: { type: object, properties: { data: { type: object, properties: { items: { type: array } } } } }
`

  it('reads an OpenAPI file and writes what passes the kit', async () => {
    const file = join(root, 'openapi.yaml')
    await writeFile(file, OPENAPI)
    const told = await fromOpenapi(file)
    expect(told).toEqual({
      title: 'Blue Shop',
      base: 'https://blue.example/api',
      auth: 'X-Blue-Key',
      list: '/v1/orders',
      each: 'data.items',
      since: 'modified_since',
      until: 'modified_until',
    })
    await writeConnector(root, answersFrom('blue', told))
    const report = await runKit(join(root, 'connectors/blue'))
    expect(report.findings.filter((f) => f.state === 'failed')).toEqual([])
  })

  it('writes basic authentication that passes too, and nothing over what is there', async () => {
    await writeConnector(root, answersFrom('red', { auth: 'basic' }))
    expect((await runKit(join(root, 'connectors/red'))).passed).toBe(true)
    await expect(writeConnector(root, answersFrom('red', {}))).rejects.toMatchObject({
      code: 'CONNECTOR_NEW',
    })
  })

  it.each([{ base: 'ftp://x' }, { list: 'orders' }, { each: 'a b' }])('refuses %j', (given) => {
    expect(() => answersFrom('red', given)).toThrow(expect.objectContaining({ code: 'CONNECTOR_NEW' }))
  })
})
