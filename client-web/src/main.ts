import { createPinia } from "pinia";
import { createApp } from "vue";
import App from "./App.vue";
import { i18n } from "./i18n";
import { router } from "./router";
import "./ui/tokens.css";
import "./ui/base.css";

declare global {
	interface Window {
		/** Set by public/old-browser.js, which then shows its own page. */
		kanjieUnsupported?: boolean;
	}
}

if (!window.kanjieUnsupported) createApp(App).use(createPinia()).use(i18n).use(router).mount("#app");
