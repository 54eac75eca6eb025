// Addresses live in the fragment: a personal link's token never reaches a server's log.
import { createRouter, createWebHashHistory } from "vue-router";
import SignIn from "./features/signin/SignIn.vue";
import { useMe } from "./live/me";

export const router = createRouter({
	history: createWebHashHistory("/"),
	routes: [
		{ path: "/", name: "home", component: () => import("./features/home/Home.vue") },
		{ path: "/account", name: "account", component: () => import("./features/account/Account.vue") },
		{ path: "/sign-in", name: "sign-in", component: SignIn, meta: { open: true } },
		{
			path: "/l/:token",
			name: "link",
			component: () => import("./features/link/Link.vue"),
			meta: { open: true },
			props: true,
		},
		{ path: "/s/:id", name: "session", component: () => import("./SessionPage.vue"), props: true },
		{
			path: "/s/:id/playback",
			name: "playback",
			component: () => import("./features/playback/Playback.vue"),
			props: true,
		},
		{ path: "/:rest(.*)*", redirect: "/" },
	],
});

router.beforeEach(async (to) => {
	if (to.meta.open) return true;
	const store = useMe();
	if (!store.asked) await store.load();
	return store.me ? true : { name: "sign-in", query: to.fullPath === "/" ? {} : { next: to.fullPath } };
});
