// @vitest-environment node
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, it } from "vitest";

it("knows the API as the server describes it: `npm run api` renews src/live/schema.ts", async () => {
	const described = astToString(await openapiTS(pathToFileURL("../server/openapi.json")));
	const kept = readFileSync("src/live/schema.ts", "utf8");
	expect(kept.endsWith(described)).toBe(true);
});
