/**
 * Who may import whom; ARCHITECTURE.md draws the same. Each rule gives its reason, which is shown with
 * the import that breaks it. TypeScript 7 has no JavaScript interface, so swc parses the sources.
 *
 *   cli ──► server ──► engines, guest      Inside the server:
 *    │ └─► sdk │                             routes, http ──► service ──► store, operations
 *    └──────┴──┴─► contract                  operations ──► engines, stores
 */
const { Visitor } = require('@swc/core/Visitor.js')

// swc parses `using` declarations, but the visitor that walks its trees does not know them yet.
const { visitStatement } = Visitor.prototype
Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement)
  this.visitVariableDeclarators(statement.decls)
  return statement
}

const rooms = ['bench', 'cli', 'contract', 'dashboard', 'e2e', 'engines', 'guest', 'sdk', 'server']
const ours = `^(${rooms.join('|')})/`
/** Tests and what serves only them may look behind any door. */
const tests = '(\\.test\\.ts$|[./]testing|^engines/contract|^e2e/|^bench/)'
/** Rows are handed over as they are, so their types are known above; what can be called is what counts. */
const typeOnly = 'type-only'

const otherThan = (...allowed) => `^(${rooms.filter((room) => !allowed.includes(room)).join('|')})/`

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Modules in a circle can only be understood, tested and changed all at once.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: [typeOnly] } },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere fails at run time, on the path that nobody tried.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'contract-stands-alone',
      comment: 'What the world relies on must not change because something behind it did.',
      severity: 'error',
      from: { path: '^contract/', pathNot: tests },
      to: { path: otherThan('contract') },
    },
    {
      name: 'engines-stand-alone',
      comment: 'An engine knows machines and nothing of accounts, prices or HTTP.',
      severity: 'error',
      from: { path: '^engines/', pathNot: tests },
      to: { path: otherThan('engines') },
    },
    {
      name: 'guest-stands-alone',
      comment: 'Images are built from Debian packages alone, wherever the builder runs.',
      severity: 'error',
      from: { path: '^guest/', pathNot: tests },
      to: { path: otherThan('guest') },
    },
    {
      name: 'server-looks-down',
      comment: 'The server is started and measured by others; it knows none of them.',
      severity: 'error',
      from: { path: '^server/', pathNot: tests },
      to: { path: otherThan('server', 'contract', 'engines', 'guest') },
    },
    {
      name: 'engines-are-made-in-one-place',
      comment: 'Everybody else knows only the interface, so that no rule depends on a hypervisor.',
      severity: 'error',
      from: { path: '^server/', pathNot: [tests, '^server/src/(engines\\.ts$|admin/)'] },
      to: { path: ['^engines/', '^guest/'], pathNot: '^engines/engine\\.ts$' },
    },
    {
      name: 'sdk-knows-the-contract',
      comment: 'The SDK is for whoever has no server at hand.',
      severity: 'error',
      from: { path: '^sdk/', pathNot: tests },
      to: { path: otherThan('sdk', 'contract') },
    },
    {
      name: 'sdk-takes-types',
      comment: 'It runs in browsers, where the schemas have no business.',
      severity: 'error',
      from: { path: '^sdk/', pathNot: [tests, '^sdk/write-routes\\.ts$'] },
      to: { path: '^contract/', dependencyTypesNot: [typeOnly] },
    },
    {
      name: 'cli-uses-entry-points',
      comment: 'The command starts the server and does an operator’s work by its front doors only.',
      severity: 'error',
      from: { path: '^cli/', pathNot: tests },
      to: {
        path: otherThan('cli', 'contract', 'sdk'),
        pathNot: '^server/src/(admin|config|credentials|data-folder|default-data-dir|errors)\\.ts$',
      },
    },
    {
      name: 'dashboard-knows-the-contract',
      comment: 'A browser has the API and nothing else of ours.',
      severity: 'error',
      from: { path: '^dashboard/', pathNot: tests },
      to: { path: otherThan('dashboard', 'contract') },
    },
    {
      name: 'schemas-stay-out-of-the-browser',
      comment:
        'Their runtime would double what a page loads; states, kinds and rules are plain data.',
      severity: 'error',
      from: { path: '^dashboard/', pathNot: tests },
      to: {
        path: '^contract/',
        pathNot:
          '/(states|kinds|roles|frequencies|cidr|protocols|choices|countries|profile-rules|retries|facts|alive)\\.ts$',
        dependencyTypesNot: [typeOnly],
      },
    },
    {
      name: 'nothing-imports-main',
      comment: 'Importing a main file starts it.',
      severity: 'error',
      from: {},
      to: { path: '(^|/)main\\.ts$' },
    },
    {
      name: 'routes-ask-services',
      comment: 'A route that reads tables or starts operations itself walks around the rules.',
      severity: 'error',
      from: { path: '^server/src/[^/]+/routes\\.ts$' },
      to: {
        path: ['/store\\.ts$', '^server/src/operations/(?!service|routes|view)'],
        dependencyTypesNot: [typeOnly],
      },
    },
    {
      name: 'http-knows-no-resources',
      comment: 'What is shared by all requests must not know one resource’s tables.',
      severity: 'error',
      from: { path: '^server/src/http/', pathNot: tests },
      to: { path: '/store\\.ts$' },
    },
    {
      name: 'services-know-no-http',
      comment: 'A rule of the domain answers with values and errors, whoever asks.',
      severity: 'error',
      from: { path: '^server/src/[^/]+/(service|store|view)\\.ts$' },
      to: { path: ['^server/.*/routes\\.ts$', '^server/src/http/'] },
    },
    {
      name: 'own-store-only',
      comment: 'Another room’s rows come by its service, which knows who may see them.',
      severity: 'error',
      from: {
        path: '^server/src/([^/]+)/',
        pathNot: [tests, '^server/src/(operations|reconciliation)/'],
      },
      to: {
        path: '^server/src/[^/]+/store\\.ts$',
        pathNot: '^server/src/$1/',
        dependencyTypesNot: [typeOnly],
      },
    },
    {
      name: 'stores-ask-nobody',
      comment: 'A store is SQL: it asks nobody and decides nothing.',
      severity: 'error',
      from: { path: '^server/.*/store\\.ts$' },
      to: { path: ['/service\\.ts$', '^server/src/operations/(?!store)'] },
    },
    {
      name: 'operations-know-no-http',
      comment: 'An operation goes on when the request that asked for it is long gone.',
      severity: 'error',
      from: { path: '^server/src/(operations|reconciliation)/', pathNot: [tests, '/routes\\.ts$'] },
      to: { path: ['^server/src/http/', '^server/.*/routes\\.ts$'] },
    },
    {
      name: 'product-imports-no-tests',
      comment: 'What serves tests is not made to run in production.',
      severity: 'error',
      from: { path: ours, pathNot: tests },
      to: { path: '(\\.test\\.ts$|[./]testing|^e2e/)' },
    },
    {
      name: 'declared-packages-only',
      comment: 'A package that is only there by accident disappears with the next installation.',
      severity: 'error',
      from: { path: ours, pathNot: tests },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/fixtures/' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.json'],
    },
  },
}
