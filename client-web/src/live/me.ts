// Who is signed in on this device.
import { defineStore } from "pinia";
import { ref, shallowRef } from "vue";
import type { Me, Refusal } from "@/core/commands";
import { api } from "./api";
import { usePasskey } from "./passkey";

export const useMe = defineStore("me", () => {
	const me = shallowRef<Me | null>(null);
	const asked = ref(false);

	async function load(): Promise<Me | null> {
		const reply = await api.me();
		me.value = "ok" in reply ? reply.ok : null;
		asked.value = true;
		return me.value;
	}
	async function signIn(user: string, password: string, totp: string): Promise<Refusal | null> {
		const reply = await api.signIn(user, password, totp);
		if ("refusal" in reply) return reply.refusal;
		me.value = reply.ok;
		asked.value = true;
		return null;
	}
	async function signInByPasskey(): Promise<Refusal | null> {
		const options = await api.signInOptions();
		if ("refusal" in options) return options.refusal;
		const used = await usePasskey(options.ok);
		if ("refusal" in used) return used.refusal;
		const reply = await api.signInByPasskey(used.ok);
		if ("refusal" in reply) return reply.refusal;
		me.value = reply.ok;
		asked.value = true;
		return null;
	}
	async function verifyLink(token: string, code: string, device: string): Promise<Refusal | null> {
		const reply = await api.verifyLink(token, code, device);
		if ("refusal" in reply) return reply.refusal;
		me.value = reply.ok;
		asked.value = true;
		return null;
	}
	async function signOut(): Promise<void> {
		await api.signOut();
		me.value = null;
	}
	return { me, asked, load, signIn, signInByPasskey, verifyLink, signOut };
});
