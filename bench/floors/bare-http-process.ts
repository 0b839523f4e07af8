/** Answers every request with the same bytes, given on stdin; the only argument is the port. */
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Answer } from './bare-http.ts'

const { headers, body } = (await json(process.stdin)) as Answer

createServer((_request, response) => {
  response.writeHead(200, { ...headers })
  response.end(body)
}).listen(Number(process.argv[2]), '127.0.0.1')
