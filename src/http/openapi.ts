/** The OpenAPI 3.1 document of /v1, made from the table of routes. */
import type { TSchema } from 'typebox'
import { SCHEMAS } from '../core/documents/schemas.ts'
import { DOCUMENT_KINDS } from '../core/states.ts'
import { version } from '../runtime/version.ts'
import { componentOf } from './api-document-schemas.ts'
import { type ApiRoute, ROUTES } from './api-routes.ts'

const ErrorSchema = {
  type: 'object',
  required: ['code', 'kind', 'message', 'fix'],
  properties: {
    code: { type: 'string', description: 'see docs/reference/errors.md' },
    kind: { enum: ['config', 'input', 'transient', 'conflict', 'internal'] },
    message: { type: 'string' },
    fix: { type: 'string', description: 'what to do next' },
  },
}

const refused = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
})

/** Bytes of any type (OpenAPI 3.1: no schema for raw binary). */
const BYTES = { '*/*': {} }

/** The document as plain JSON. */
export function openApi(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of ROUTES) {
    const path = `/v1${route.path.replace(/:(\w+)/g, '{$1}')}`
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tributary',
      version: version(),
      description: 'Amounts are integers in minor units of their currency; instants are RFC 3339 in UTC.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ token: [] }],
    paths,
    components: {
      schemas: {
        Error: ErrorSchema,
        ...Object.fromEntries(DOCUMENT_KINDS.map((kind) => [componentOf(kind), plain(SCHEMAS[kind])])),
      },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'made with "tributary token create"' },
      },
    },
  }
}

function operation(route: ApiRoute): Record<string, unknown> {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const query = route.query as
    | (TSchema & { properties: Record<string, TSchema>; required?: string[] })
    | undefined
  const inQuery = Object.entries(query?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: query?.required?.includes(name) ?? false,
    schema: plain(schema),
  }))
  return {
    operationId: route.operation,
    summary: route.summary,
    description: `Scope: ${route.scope}.`,
    ...(inPath.length + inQuery.length > 0 ? { parameters: [...inPath, ...inQuery] } : {}),
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: plain(route.body) } } } }
      : {}),
    responses: {
      200: done(route),
      400: refused('The request cannot be used.'),
      401: refused('No token, or one that is unknown, revoked or expired.'),
      403: refused('The token lacks the scope.'),
      404: refused('There is no such thing.'),
      409: refused('Its state forbids it, or the reference means several.'),
      ...(route.answer === 'bytes'
        ? { 410: refused('The bytes are gone: their retention time is over.') }
        : {}),
      503: refused('Not now; Retry-After says when.'),
    },
  }
}

function done({ answer }: ApiRoute): Record<string, unknown> {
  return answer === 'bytes'
    ? { description: 'The bytes as they came, with the content type they came with.', content: BYTES }
    : { description: 'Done.', content: { 'application/json': { schema: plain(answer) } } }
}

/** Without TypeBox's own hidden properties. */
const plain = (schema: TSchema): unknown => JSON.parse(JSON.stringify(schema))
