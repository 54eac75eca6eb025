import { createI18n } from "vue-i18n";
import { speak } from "./live/api";
import zh from "./locales/zh-CN.json";

export type Locale = "zh-CN" | "en";

export const i18n = createI18n({
	legacy: false,
	locale: "zh-CN" as Locale,
	fallbackLocale: "zh-CN",
	messages: { "zh-CN": zh } as Record<string, typeof zh>,
});

/** English comes on demand: most never need it. */
export async function setLocale(locale: Locale): Promise<void> {
	if (locale === "en" && !i18n.global.availableLocales.includes("en")) {
		i18n.global.setLocaleMessage("en", (await import("./locales/en.json")).default);
	}
	i18n.global.locale.value = locale;
	document.documentElement.lang = locale;
	speak(locale);
	try {
		localStorage.setItem("locale", locale);
	} catch {
		// Asked again next time.
	}
}

export function storedLocale(): Locale {
	try {
		return localStorage.getItem("locale") === "en" ? "en" : "zh-CN";
	} catch {
		return "zh-CN";
	}
}
