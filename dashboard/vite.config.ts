import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { guidesPlugin } from './guides-plugin.ts'

/** For work on the dashboard: `npm run dev` here, beside a server started with `./garrison up --demo`. */
const server = process.env.GARRISON_URL ?? 'http://127.0.0.1:8600'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [guidesPlugin(), react(), tailwindcss()],
  build: {
    target: 'es2023',
    // The policy of the pages allows no inline script and no data: URL as a script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: true,
    rolldownOptions: {
      output: {
        // What most pages share is one file: dozens of small ones compress badly and each is a request.
        codeSplitting: { groups: [{ name: 'common', minShareCount: 12 }] },
      },
    },
  },
  server: {
    // With its slash: /api-keys is a page.
    proxy: { '/api/': { target: server, ws: true }, '/docs': server, '/openapi.json': server },
  },
})
