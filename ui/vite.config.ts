import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const from = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    alias: { $lib: from("./src/lib"), $parts: from("./src/parts"), $screens: from("./src/screens") },
    // Vitest would otherwise pick Svelte's server build, which cannot mount a component.
    ...(process.env["VITEST"] ? { conditions: ["browser"] } : {}),
  },
  // The window loads dist/ from its own scheme, so every address must be relative.
  base: "./",
  build: {
    target: "safari16",
    // The page's policy has no data: fonts, so nothing may be inlined into the style sheet.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
  server: { port: 5173, strictPort: true },
  test: { environment: "jsdom", include: ["src/**/*.test.ts"], setupFiles: ["src/test-setup.ts"] },
});
