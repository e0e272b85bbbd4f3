import { defineConfig } from 'vite';
import { licenceNotices } from './licences.js';

const licences = licenceNotices('LICENSES.txt');

export default defineConfig({
  base: './',
  define: { 'globalThis.process': 'true' }, // graphql's production mode, and none of its advice to developers
  plugins: [licences.page],
  worker: { format: 'es', plugins: () => [licences.worker] },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
});
