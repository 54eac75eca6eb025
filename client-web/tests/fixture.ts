// A small journal to draw and to test with: journey A in short, sealed with real hashes. Example names only.
import { createHash } from "node:crypto";
import type { Entry, Event } from "../src/core/types.ts";

const GENESIS = "0".repeat(64);
export const T0 = 1_795_500_000_000_000;

export const SITE = { lat_e7: 391_234_567, lon_e7: 1_172_000_000, fence_m: 200 };

export const PEOPLE = [
	["p-chair", "示例主持", ["chair", "approver"], "示例区行政审批局", "市场准入科"],
	["p-survey1", "示例甲", ["surveyor"], "示例区行政审批局", "勘验中心"],
	["p-survey2", "示例乙", ["surveyor"], "示例区行政审批局", "勘验中心"],
	["p-expert", "示例专家", ["expert"], "示例食品研究院", undefined],
	["p-applicant", "示例申请人", ["applicant"], "示例餐饮有限公司", undefined],
	["p-watch", "示例监督", ["supervisor"], "示例区监察委", undefined],
] as const;

const ITEMS = [
	["F01", "选址", "经营场所地址、门头店招与申请材料一致", "Premises address and shop sign match", "key", "Y"],
	["F02", "选址", "距离粪坑、污水池、暴露垃圾场等污染源25 m以上", "At least 25 m from pollution", "key", "P"],
	[
		"F16",
		"处理区",
		"冷热水龙头及洗手设施齐全，非手动式",
		"Hand washing facilities, hands-free",
		"major",
		"Y",
	],
	["F17", "处理区", "冷藏设备正常运行，温度 0–8 ℃", "Cold storage works at 0–8 ℃", "key", "P"],
	["F22", "废弃物", "垃圾桶加盖并有明显标识", "Bins covered and labelled", "minor", "Y"],
] as const;

export class Journal {
	readonly entries: Entry[] = [];
	private prev = GENESIS;
	private at = T0;

	add(event: Event, actor = "system", afterMs = 1_000): this {
		this.at += afterMs * 1_000;
		const body = JSON.stringify({ actor, at: this.at, event });
		const nonce = createHash("sha256").update(`nonce ${this.entries.length}`).digest();
		const commit = createHash("sha256").update(nonce).update(body).digest();
		const seq = this.entries.length + 1;
		const number = Buffer.alloc(8);
		number.writeBigUInt64BE(BigInt(seq));
		const hash = createHash("sha256")
			.update(number)
			.update(Buffer.from(this.prev, "hex"))
			.update(commit)
			.digest("hex");
		this.entries.push({
			seq,
			prev: this.prev,
			commit: commit.toString("hex"),
			hash,
			nonce: nonce.toString("hex"),
			body,
		});
		this.prev = hash;
		return this;
	}

	withhold(seq: number): this {
		const entry = this.entries[seq - 1];
		if (entry) {
			delete entry.body;
			delete entry.nonce;
		}
		return this;
	}
}

export function scheduled(): Event {
	return {
		type: "scheduled",
		session: "s-1",
		case: "c-1",
		brief: {
			case_no: "示例2026-0001",
			item_title: "食品经营许可（餐饮服务）",
			applicant: "示例餐饮有限公司",
			uscc: "91110000MA00000000",
			address: "示例区示例路1号园区3栋102",
			authority: "示例区行政审批局",
			contact: "示例联系人 010-00000000",
		},
		template: {
			key: "food_catering",
			version: "示例-1",
			title: "食品经营许可（餐饮服务）",
			gloss: "Food business licence",
			items: ITEMS.map(([code, group, text, gloss, level, remote]) => ({
				code,
				group,
				text,
				gloss,
				level,
				remote,
				evidence: remote === "P" ? ["reading", "photo"] : ["photo"],
				na_allowed: code === "F22",
			})),
			judgement: { major_failures_allowed: 1, minor_failures_allowed: 2 },
			settings: {
				staff_on_site: 2,
				recording_gap_limit_ms: 2_000,
				exterior_first: true,
				record_signed: true,
				deliberation_recorded: true,
				notice_version: "示例-1",
				notice_text: Array.from(
					{ length: 6 },
					(_, i) =>
						`${i + 1}. 依据《中华人民共和国行政许可法》，本次会审全程录音录像，录像仅用于本办件的审批、归档与监督。`,
				).join("\n"),
			},
		},
		participants: PEOPLE.map(([person, name, roles, organisation, department]) => ({
			person,
			name,
			roles: [...roles],
			organisation,
			...(department ? { department } : {}),
		})),
		joining_departments: [],
		mode: "remote",
		starts_at: T0,
		site: SITE,
	};
}

/** The case beside the first, with a check item of its own and one that both have. */
export const SECOND = "c-2";

function scheduledTogether(): Event {
	const first = scheduled();
	if (first.type !== "scheduled") throw new Error("not scheduled");
	const [shared] = first.template.items;
	const [own] = first.template.items.slice(1);
	if (!shared || !own) throw new Error("no items");
	const brief = {
		...first.brief,
		case_no: "示例2026-0002",
		item_title: "公共场所卫生许可",
		authority: "示例区卫生健康局",
	};
	const items = [shared, { ...own, code: "H01", text: "排风设施完好" }];
	const template = { ...first.template, key: "hygiene", title: brief.item_title, items };
	return { ...first, further: [{ case: SECOND, brief, template, joining_departments: [] }] };
}

/** Two cases: the first sealed and announced, the second ended with a date to rectify by. */
export function together(upTo: "live" | "concluded" | "ended" | "announced"): Journal {
	const by = "p-chair";
	const journal = new Journal()
		.add(scheduledTogether())
		.add({ type: "lobby_opened", clock: { state: "synchronised" } }, by);
	for (const [person] of PEOPLE) {
		journal.add({ type: "arrived", person, seat: `seat-${person}`, device: "Chrome · Linux" });
		journal.add({ type: "notice_acknowledged", person, notice: "示例-1" }, person);
		journal.add(checked(person, "id_card"), by).add({ type: "admitted", person }, by);
	}
	journal.add({ type: "started" }, by);
	if (upTo === "live") return journal;
	const present = [by, "p-survey1", "p-survey2"];
	journal.add({ type: "concluded", case: "c-1", outcome: "passed", text: "符合条件。", present }, by);
	if (upTo === "concluded") return journal;
	journal.add({ type: "concluded", case: SECOND, outcome: "failed", text: "未设排风。", present }, by);
	const decision = { ...DECISION, basis: [...DECISION.basis] };
	const number = "示例审准字〔2026〕1号";
	journal.add({ type: "decision_drafted", case: "c-1", decision }, by).add(
		{
			type: "decision_sealed",
			case: "c-1",
			number,
			content_digest: DIGEST,
			pdf_digest: DIGEST,
			signer: by,
			factor: { kind: "totp", at: T0 },
			seal: "示例",
		},
		by,
	);
	journal.add(
		{
			type: "ended",
			case: SECOND,
			ending: { how: "rectify", by: "2026-12-05" },
			reason: "未设机械排风。",
			next_step: "装好后申请复勘。",
			contact: "示例联系人 010-00000000",
		},
		by,
	);
	if (upTo === "ended") return journal;
	const live = PEOPLE.map(([person]) => person);
	return journal.add(
		{
			type: "announced",
			case: "c-1",
			content_digest: DIGEST,
			live,
			recording_offset_us: 60_000_000,
			number,
			decision,
		},
		by,
	);
}

/** Everybody at the door; the chair is in, others have acknowledged the notice. */
export function lobby(): Journal {
	const journal = new Journal()
		.add(scheduled())
		.add({ type: "lobby_opened", clock: { state: "synchronised" } }, "p-chair");
	for (const [person] of PEOPLE) {
		journal.add({ type: "arrived", person, seat: `seat-${person}`, device: "Chrome · Linux" });
		journal.add({ type: "notice_acknowledged", person, notice: "示例-1" }, person);
	}
	return journal
		.add(checked("p-chair", "second_factor"), "p-chair")
		.add({ type: "admitted", person: "p-chair" }, "p-chair");
}

function checked(person: string, method: "id_card" | "second_factor"): Event {
	return { type: "identity_checked", person, checker: "p-chair", method, last_four: "1234" };
}

export function live(): Journal {
	const journal = lobby();
	for (const [person] of PEOPLE.slice(1)) {
		journal.add({ type: "identity_check_begun", person, checker: "p-chair" }, "p-chair");
		journal.add(checked(person, "id_card"), "p-chair").add({ type: "admitted", person }, "p-chair");
	}
	journal.add({ type: "recording_started" });
	for (const person of ["p-chair", "p-survey1", "p-survey2"]) {
		journal.add({ type: "credential_shown", person, number_last_four: "5678" }, person);
	}
	for (const [person] of PEOPLE.slice(0, 5)) {
		journal.add(
			{ type: "media_changed", person, microphone: person !== "p-expert", camera: true, screen: false },
			person,
		);
	}
	return journal.add({ type: "started" }, "p-chair");
}

const DIGEST = createHash("sha256").update("示例").digest("hex");

export function surveyed(): Journal {
	const journal = live().add(
		{
			type: "evidence_taken",
			id: "e-1",
			kind: "exterior",
			person: "p-survey1",
			device: "Chrome · Android",
			sha256: DIGEST,
			bytes: 48_000,
			media_type: "image/jpeg",
			captured_at: T0,
		},
		"p-survey1",
	);
	journal.add(
		{ type: "item_answered", person: "p-survey1", answer: { code: "F01", result: "met", evidence: ["e-1"] } },
		"p-survey1",
	);
	journal.add(
		{
			type: "item_answered",
			person: "p-survey1",
			answer: { code: "F17", result: "met", measurement: { value: "4.2", unit: "℃", how: "measurement" } },
		},
		"p-survey1",
	);
	journal.add(
		{
			type: "item_answered",
			person: "p-survey2",
			answer: { code: "F22", result: "not_met", note: "未贴标识" },
		},
		"p-survey2",
	);
	journal.add({ type: "hand_raised", person: "p-expert" }, "p-expert");
	return journal.add(
		{ type: "said", person: "p-expert", scope: "room", text: "请把镜头靠近冷藏柜的温度计。" },
		"p-expert",
	);
}

export function concluded(): Journal {
	const journal = surveyed();
	journal.add(
		{ type: "item_answered", person: "p-survey2", answer: { code: "F22", result: "mended" } },
		"p-survey2",
	);
	for (const code of ["F02", "F16"]) {
		const measurement = { value: "60", unit: "m", how: "measurement" } as const;
		journal.add(
			{ type: "item_answered", person: "p-survey2", answer: { code, result: "met", measurement } },
			"p-survey2",
		);
	}
	journal.add(
		{
			type: "opinion_filed",
			person: "p-expert",
			opinion: { kind: "expert" },
			stance: "agree",
			text: "布局合理，冷藏温度符合要求。",
			deliberation: false,
		},
		"p-expert",
	);
	journal.add(
		{ type: "statement_taken", person: "p-applicant", text: "无意见，标识已补贴。", waived: false },
		"p-applicant",
	);
	journal
		.add({ type: "deliberation_begun" }, "p-chair")
		.add({ type: "deliberation_ended" }, "p-chair", 30_000);
	journal.add(
		{
			type: "concluded",
			outcome: "passed",
			text: "经现场勘验，符合餐饮服务许可条件。",
			present: ["p-chair", "p-survey1", "p-survey2"],
		},
		"p-chair",
	);
	journal.add({ type: "record_prepared", digest: DIGEST, pdf_digest: DIGEST }, "p-chair");
	for (const person of ["p-survey1", "p-survey2", "p-applicant"]) {
		journal.add({ type: "record_signed", person, digest: DIGEST, factor: { kind: "totp", at: T0 } }, person);
	}
	return journal;
}

export const DECISION = {
	kind: "granted",
	result: "准予示例餐饮有限公司食品经营许可（餐饮服务）。",
	reason: "经远程联合勘验，申请人提交的材料齐全，经营场所符合法定条件和标准。",
	basis: ["《中华人民共和国行政许可法》第三十四条、第三十八条"],
	remedies: "可在60日内申请行政复议，或者在6个月内提起行政诉讼。",
	next_step: "许可证将在10个工作日内送达。",
	contact: "示例联系人 010-00000000",
	departure_reason: "",
} as const;

export function announced(): Journal {
	const decision = { ...DECISION, basis: [...DECISION.basis] };
	return concluded()
		.add({ type: "decision_drafted", decision }, "p-chair")
		.add(
			{
				type: "decision_sealed",
				number: "示例审准字〔2026〕1号",
				content_digest: DIGEST,
				pdf_digest: DIGEST,
				signer: "p-chair",
				factor: { kind: "totp", at: T0 },
				seal: "示例",
			},
			"p-chair",
		)
		.add(
			{
				type: "announced",
				content_digest: DIGEST,
				live: PEOPLE.map(([person]) => person),
				recording_offset_us: 60_000_000,
				number: "示例审准字〔2026〕1号",
				decision,
			},
			"p-chair",
		)
		.add({ type: "acknowledged", person: "p-survey1", content_digest: DIGEST }, "p-survey1")
		.add({
			type: "receipt_issued",
			receipt: {
				body: {
					content_digest: DIGEST,
					head: DIGEST,
					issued_at: T0,
					kind: "announced",
					number: 1,
					pdf_digest: DIGEST,
					previous: null,
					seq: 60,
					session: "s-1",
					v: 1,
				},
				key: "ab12cd34ab12cd34",
				signature: DIGEST + DIGEST,
			},
		});
}

export function closed(): Journal {
	return announced().add({ type: "closed" }, "p-chair", 20_000);
}
