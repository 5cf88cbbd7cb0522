/** Renders the members of a JSON schema: name, type, whether it may be absent, and what it means. */
import { html } from 'hono/html'

export type Schema = {
  $ref?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  format?: string
  description?: string
  anyOf?: Schema[]
  oneOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
}

type Schemas = Record<string, Schema>
type Html = ReturnType<typeof html>

/** Deeper members are named by their type alone. */
const DEPTH_MAX = 3

export function renderMembers(schema: Schema, schemas: Schemas, depth = 0): Html | '' {
  const found = resolve(schema, schemas)
  const variants = found.anyOf ?? found.oneOf
  if (variants !== undefined) {
    const parts = variants.map((variant) => renderMembers(variant, schemas, depth)).filter((part) => part !== '')
    if (parts.length === 0) return ''
    return html`${parts.map((part, i) => (i === 0 ? part : html`<p class="or">or</p>${part}`))}`
  }
  if (found.type === 'array' && found.items !== undefined) return renderMembers(found.items, schemas, depth)
  if (found.properties === undefined) {
    if (typeof found.additionalProperties !== 'object' || depth > DEPTH_MAX) return ''
    return renderMembers(found.additionalProperties, schemas, depth + 1)
  }
  const required = new Set(found.required)
  return html`<dl class="members">${Object.entries(found.properties).map(([name, member]) => {
    const inner = depth < DEPTH_MAX ? renderMembers(member, schemas, depth + 1) : ''
    const description = member.description ?? resolve(member, schemas).description ?? ''
    return html`<dt><code>${name}</code> <span>${nameType(member, schemas)}${required.has(name) ? '' : ', may be absent'}</span></dt><dd>${description}${inner}</dd>`
  })}</dl>`
}

function resolve(schema: Schema, schemas: Schemas): Schema {
  const name = schema.$ref?.split('/').at(-1)
  return name === undefined ? schema : (schemas[name] ?? {})
}

function nameType(schema: Schema, schemas: Schemas): string {
  const found = resolve(schema, schemas)
  if (found.const !== undefined) return JSON.stringify(found.const)
  if (found.enum !== undefined) return found.enum.map((value) => JSON.stringify(value)).join(' or ')
  const variants = found.anyOf ?? found.oneOf
  if (variants !== undefined) return [...new Set(variants.map((variant) => nameType(variant, schemas)))].join(' or ')
  if (found.type === 'array')
    return `list of ${found.items === undefined ? 'anything' : nameType(found.items, schemas)}`
  if (found.format === 'date-time') return 'time'
  if (Array.isArray(found.type)) return found.type.join(' or ')
  return found.type ?? 'anything'
}
