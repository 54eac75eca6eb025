import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";
import SignIn from "@/features/signin/SignIn.vue";
import { i18n } from "@/i18n";

/** The sign-in page at that address, of a server with that provider of identities. */
async function page(address: string, oidc: string | null) {
	vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ oidc }), { status: 200 }));
	const routes = [{ path: "/sign-in", component: SignIn }];
	const router = createRouter({ history: createMemoryHistory(), routes });
	await router.push(address);
	const mounted = mount(SignIn, { global: { plugins: [i18n, router] } });
	await flushPromises();
	return mounted;
}

describe("the sign-in page", () => {
	beforeEach(() => setActivePinia(createPinia()));
	afterEach(() => vi.unstubAllGlobals());

	it("offers the bureau's provider of identities where there is one", async () => {
		const link = (await page("/sign-in", "示例统一身份认证")).find("a.btn");
		expect(link.text()).toBe("使用示例统一身份认证登录");
		expect(link.attributes("href")).toBe("/api/v1/sign-in/oidc");
		expect((await page("/sign-in", null)).find("a.btn").exists()).toBe(false);
	});

	it("says why the way back from it led here", async () => {
		const refused = await page("/sign-in?problem=not_linked", "示例统一身份认证");
		expect(refused.find("[role=alert]").text()).toContain("该身份尚未关联本系统账户");
		expect((await page("/sign-in", null)).find("[role=alert]").exists()).toBe(false);
	});
});
