/** The OpenAPI document as the server hands it out: what may be asked, and of what form. */
export type Schema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
}

type Media = { readonly schema?: Schema; readonly example?: unknown }

export type Parameter = {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly schema: Schema
}

export type Operation = {
  readonly operationId: string
  /** In capitals. */
  readonly method: string
  readonly path: string
  readonly parameters: readonly Parameter[]
  /** Content type → form and example; empty when it takes no body. */
  readonly body: Readonly<Record<string, Media>>
  /** Of another form of errors than the rest has. */
  readonly dialect: string | null
  /** Nobody needs a key for it. */
  readonly open: boolean
}

export type Document = {
  readonly operations: readonly Operation[]
  /** The schema that is meant, wherever it stands. */
  resolve(schema: Schema): Schema
}

type Described = {
  operationId: string
  'x-dialect'?: string
  parameters?: Parameter[]
  requestBody?: { content: Record<string, Media> }
  security?: object[]
}

type Source = {
  security?: object[]
  paths: Record<string, Record<string, Described>>
  components: { schemas: Record<string, Schema> }
}

export function parseDocument(source: Source): Document {
  return {
    operations: Object.entries(source.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => {
        const security = described.security ?? source.security ?? []
        return {
          operationId: described.operationId,
          dialect: described['x-dialect'] ?? null,
          method: method.toUpperCase(),
          path,
          parameters: described.parameters ?? [],
          body: described.requestBody?.content ?? {},
          open:
            security.length === 0 || security.some((scheme) => Object.keys(scheme).length === 0),
        }
      }),
    ),
    resolve(schema) {
      const name = schema.$ref?.replace('#/components/schemas/', '')
      if (name === undefined) return schema
      const found = source.components.schemas[name]
      if (found === undefined) throw new Error(`The document describes no ${name}`)
      return found
    },
  }
}
