import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { ProxyOptions } from "vite";
import { defineConfig } from "vitest/config";

const from = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * To look at the window in a browser, against a daemon that runs:
 *
 *     cartwardend demo --data-dir /tmp/desk && cartwardend serve --data-dir /tmp/desk
 *     VITE_DAEMON_URL=<desk_url it prints> VITE_DAEMON_TOKEN=$(cat /tmp/desk/desk.token) npm run dev
 *
 * The desk's API refuses foreign origins and has no CORS, so the page asks its own server, which passes
 * the call on without the Origin header and adds the token. The page never sees the token.
 */
const daemon: ProxyOptions = {
  target: process.env["VITE_DAEMON_URL"] ?? "http://127.0.0.1:8687",
  changeOrigin: true,
  configure: (proxy) => {
    proxy.on("proxyReq", (request) => {
      request.removeHeader("origin");
      request.setHeader("authorization", `Bearer ${process.env["VITE_DAEMON_TOKEN"] ?? ""}`);
    });
  },
};

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
  server: { port: 5173, strictPort: true, proxy: { "/v1": daemon } },
  test: { environment: "jsdom", include: ["src/**/*.test.ts"], setupFiles: ["src/test-setup.ts"] },
});
