/** What the SDK knows of a route at run time. */
export type Route = {
  /** `operationId` of the document, by which contract/ knows its types. */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With names in braces, which become the first arguments. */
  readonly path: string
  /** What comes after them; with `?` it may be left out. */
  readonly input?: 'body' | 'body?' | 'query' | 'query?' | 'bytes'
  /** JSON unless it says otherwise. */
  readonly answer?: 'bytes' | 'events' | 'websocket'
  /** It changes something, and takes a key with which it can be sent again without harm. */
  readonly safety?: 'idempotency-key'
  /** What is answered can also come as it happens, as events. */
  readonly streams?: 'too'
  /** Of a list in pages: the field that holds the rows. */
  readonly rows?: string
  /** Of a list in pages: how the size of a page is called. */
  readonly size?: 'page_size' | 'pageSize' | 'limit'
  /** Of a list that goes on behind a row, where others count pages: how that row is named. */
  readonly cursor?: 'after'
}
