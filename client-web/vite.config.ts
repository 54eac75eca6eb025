import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

// The oldest browsers the bureau's clients bring: Chromium 87 kin, Safari 14.5, Firefox ESR.
const oldest = ["chrome87", "safari14", "firefox115"];

export default defineConfig({
	base: "/",
	plugins: [vue()],
	resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
	define: {
		__VUE_OPTIONS_API__: "false",
		__VUE_PROD_DEVTOOLS__: "false",
		__VUE_I18N_LEGACY_API__: "false",
		__INTLIFY_PROD_DEVTOOLS__: "false",
	},
	build: { target: oldest, cssTarget: oldest, sourcemap: false },
	server: {
		proxy: { "/api": { target: "https://localhost:8443", secure: false, ws: true, changeOrigin: true } },
	},
	test: { environment: "happy-dom", include: ["tests/**/*.test.ts"] },
});
