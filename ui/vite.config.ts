// Builds the UI into ui/dist, which the collector serves. In development `vite ui` passes API and WebSocket on to a
// collector, or to the stub of the UI tests (SIGNALBOX_UI_API).
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const api = process.env['SIGNALBOX_UI_API'] ?? 'http://127.0.0.1:4318';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // light-dark() and unicode-bidi are used as they are.
    target: ['chrome123', 'firefox121', 'safari17.5'],
    // The content security policy forbids data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { host: '127.0.0.1', proxy: { '/api': api, '/ws': { target: api, ws: true } } },
});
