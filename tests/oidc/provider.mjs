// A real OpenID Connect provider on loopback. Whoever logs in is who they say; the password is not looked at.
//   node provider.mjs CLIENT_ID CLIENT_SECRET ALGORITHM
// Prints its issuer, takes the client's redirect address from standard input, prints `ready`. Ends with its input.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Provider } from "oidc-provider";

const [clientId, clientSecret, algorithm] = process.argv.slice(2);
const made = {
	RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
	ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
};
const keys = Object.entries(made).map(([alg, make]) => ({
	...make().privateKey.export({ format: "jwk" }),
	alg,
	kid: alg,
	use: "sig",
}));
const server = createServer();
server.listen(0, "127.0.0.1", () => {
	const issuer = `http://127.0.0.1:${server.address().port}`;
	console.log(issuer);
	const input = createInterface(process.stdin);
	input.once("line", (redirectUri) => {
		const client = {
			client_id: clientId,
			client_secret: clientSecret,
			redirect_uris: [redirectUri],
			id_token_signed_response_alg: algorithm,
		};
		const provider = new Provider(issuer, {
			clients: [client],
			jwks: { keys },
			findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
			cookies: { keys: ["only for tests"] },
			pkce: { required: () => true },
			// Nothing is asked of whoever logged in.
			loadExistingGrant: async (ctx) => {
				const grant = new ctx.oidc.provider.Grant({
					clientId: ctx.oidc.client.clientId,
					accountId: ctx.oidc.session.accountId,
				});
				grant.addOIDCScope("openid");
				await grant.save();
				return grant;
			},
		});
		server.on("request", provider.callback());
		console.log("ready");
	});
	input.once("close", () => process.exit(0));
});
