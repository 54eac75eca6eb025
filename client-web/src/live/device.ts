// What this device calls itself in the journal: browser and system, nothing that identifies a person.

export function deviceName(agent = navigator.userAgent): string {
	return `${browser(agent)} · ${system(agent)}`;
}

function browser(agent: string): string {
	if (/MicroMessenger/.test(agent)) return "WeChat";
	if (/Edg\//.test(agent)) return "Edge";
	if (/Firefox\//.test(agent)) return "Firefox";
	if (/Chrom(e|ium)\//.test(agent)) return "Chrome";
	if (/Safari\//.test(agent)) return "Safari";
	return "Browser";
}

function system(agent: string): string {
	if (/HarmonyOS|OpenHarmony/.test(agent)) return "HarmonyOS";
	if (/Android/.test(agent)) return "Android";
	if (/iPad|iPhone/.test(agent)) return "iOS";
	if (/Windows/.test(agent)) return "Windows";
	if (/Mac OS X/.test(agent)) return "macOS";
	return "Linux";
}
