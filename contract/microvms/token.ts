/** The password flow of OAuth 2, for clients that sign in as people do. */
import { createRoute, z } from '@hono/zod-openapi'
import { answer, microvmDialect, microvmErrors } from './common.ts'

/** Seconds; ask again then. */
export const tokenSeconds = 1_800

export const TokenRequest = z
  .object({
    grant_type: z
      .string()
      .regex(/^password$/)
      .optional(),
    /** The e-mail address. */
    username: z.string().min(1).max(320),
    password: z.string().min(1).max(128),
    scope: z.string().max(1_000).optional(),
    client_id: z.string().max(1_000).optional(),
    client_secret: z.string().max(1_000).optional(),
  })
  .openapi('TokenRequest')

export const Token = z
  .object({ access_token: z.string(), token_type: z.literal('bearer'), expires_in: z.int() })
  .openapi('Token')

export const createToken = createRoute({
  ...microvmDialect,
  operationId: 'createToken',
  tags: ['Sessions'],
  security: [{}],
  method: 'post',
  path: '/v1/token',
  summary: 'Sign in with a password',
  description: `A bearer token for ${tokenSeconds / 60} minutes. Programs better use an API key, as \`X-API-Key\`.`,
  request: {
    body: {
      required: true,
      content: { 'application/x-www-form-urlencoded': { schema: TokenRequest } },
    },
  },
  responses: {
    ...answer(Token, 'Successful Response', {
      access_token: 'p3X9…',
      token_type: 'bearer',
      expires_in: tokenSeconds,
    }),
    ...microvmErrors(400),
  },
})
