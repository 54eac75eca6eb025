"""Plays schemathesis against a running kanjie, once as each of the seed's people and once as a stranger.

    run.py BINARY DESCRIPTION [--examples N] [--only WHO[,WHO]]

Exit 0: no 5xx, no answer that the description does not know, nothing given to whom it is forbidden (hooks.py), no panic in the log.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import time

import requests
import urllib3

HERE = pathlib.Path(__file__).parent
# Sessions in which few of the seed's people have a part; in the others all staff have. Said independently of the server.
INSIDE = {"other": {"chair", "other_applicant"}}
# Who handles a case that is assigned to nobody, and so may submit material in it. Said independently of the server.
HANDLING = {"surveyor", "chair", "approver", "department_reviewer"}
# What each run of schemathesis may take, seconds.
PATIENCE = 1200


def totp(secret: str) -> str:
    """RFC 6238 with SHA-1, six digits, 30 s."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Server:
    """`kanjie serve` on a seeded directory of its own."""

    def __init__(self, binary: str, place: pathlib.Path) -> None:
        self.place, self.log = place, place / "kanjie.log"
        (place / "kanjie.toml").write_text(
            f'listen = ["127.0.0.1:0"]\ndata = "{place}/data"\n[clock]\nkept_by = "the test\'s machine"\n'
        )
        subprocess.run([binary, "seed", "--config", "kanjie.toml", "--json", "seed.json"], cwd=place, check=True)
        self.seed = json.loads((place / "seed.json").read_text())
        self.process = subprocess.Popen(
            [binary, "serve", "--config", "kanjie.toml"],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log.open("w"),
            text=True,
        )
        ready = (line.removeprefix("ready ").strip() for line in self.process.stdout if line.startswith("ready "))
        self.base = next(ready, "")
        if not self.base:
            sys.exit(f"kanjie ended before it was ready:\n{self.log.read_text()}")

    def post(self, path: str, body: dict) -> requests.Response:
        answer = requests.post(f"{self.base}/api/v1{path}", json=body, verify=False, timeout=30)
        if not answer.ok:
            sys.exit(f"{path}: {answer.status_code} {answer.text}")
        return answer

    def code_sent_to(self, phone: str) -> str:
        outbox = self.place / "data" / "outbox.jsonl"
        for _ in range(500):
            lines = outbox.read_text().splitlines() if outbox.exists() else []
            sent = [line["code"] for line in map(json.loads, lines) if line["to"] == phone and line.get("code")]
            if sent:
                return sent[-1]
            time.sleep(0.02)
        sys.exit(f"no code came to {phone}")

    def enter(self, person: dict) -> str:
        """Comes in as this person does; the cookie."""
        if person.get("user"):
            body = {"user": person["user"], "password": person["password"], "totp": totp(person["totp_secret"])}
            answer = self.post("/sign-in", body)
        else:
            token = next(iter(person["links"].values()))
            self.post("/links/code", {"token": token})
            code = self.code_sent_to(person["phone"])
            answer = self.post("/links/verify", {"token": token, "code": code, "device": "schemathesis"})
        return answer.headers["Set-Cookie"].split(";")[0]

    def begin_upload(self, cookie: str, session: str) -> tuple[str, str]:
        """An upload to the session's case: what was said of it, and its id."""
        mine = {"Cookie": cookie, "Tus-Resumable": "1.0.0"}
        journal = requests.get(f"{self.base}/api/v1/sessions/{session}/journal", headers=mine, verify=False, timeout=30)
        case = json.loads(journal.json()["entries"][0]["body"])["event"]["case"]
        said = {"case": case, "filename": "a.pdf", "filetype": "application/pdf"}
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())
        mine |= {"Upload-Length": "1000", "Upload-Metadata": metadata}
        made = requests.post(f"{self.base}/api/v1/uploads", headers=mine, verify=False, timeout=30)
        if made.status_code != 201:
            sys.exit(f"no upload: {made.status_code} {made.text}")
        return metadata, made.headers["Location"].rsplit("/", 1)[-1]

    def faults(self) -> list[str]:
        ended = [] if self.process.poll() is None else ["kanjie ended"]
        return ended + re.findall(r".*panicked.*", self.log.read_text())


def play(server: Server, description: str, who: str, cookie: str, facts: dict, examples: int) -> bool:
    """One run of schemathesis; whether it found nothing."""
    st = pathlib.Path(sys.executable).with_name("st")
    command = [st, "--config-file", HERE / "schemathesis.toml", "run", description, "--url", server.base]
    command += ["--max-examples", str(examples), "--no-color"]
    if cookie:
        command += ["--header", f"Cookie: {cookie}"]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "KANJIE_CALLER": json.dumps(facts)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    begun = time.monotonic()
    done = subprocess.run(
        command, cwd=server.place, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    cases = re.search(r"Test cases:\s+(.*)", done.stdout) or re.search(r"(\d+) generated.*", done.stdout)
    verdict = "ok" if done.returncode == 0 else "FAULT"
    print(f"  {who:16} {verdict:6} {time.monotonic() - begun:5.1f} s  {cases.group(0).strip() if cases else ''}", flush=True)
    if done.returncode != 0:
        print(done.stdout, done.stderr, sep="\n", flush=True)
    return done.returncode == 0


def part_of(key: str, person: dict, sessions: dict) -> set[str]:
    """The sessions that are open to this person; by a link, its own alone."""
    if not person.get("user"):
        return {sessions[next(iter(person["links"]))]}
    return {session for name, session in sessions.items() if name not in INSIDE or key in INSIDE[name]}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("description")
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--only", type=lambda text: text.split(","))
    asked = parser.parse_args()
    urllib3.disable_warnings()
    with tempfile.TemporaryDirectory() as place:
        server = Server(os.path.abspath(asked.binary), pathlib.Path(place))
        try:
            sessions = server.seed["sessions"]
            nothing = {"sessions": [], "roles": [], "by_link": False, "metadata": "", "uploads": []}
            callers = {"stranger": ("", nothing)}
            for key, person in server.seed["people"].items():
                if asked.only and key not in asked.only:
                    continue
                facts = {"sessions": sorted(part_of(key, person, sessions)), "roles": person["roles"]}
                facts["by_link"] = not person.get("user")
                cookie = server.enter(person)
                facts |= {"metadata": "", "uploads": []}
                if HANDLING & set(person["roles"]):
                    facts["metadata"], upload = server.begin_upload(cookie, facts["sessions"][0])
                    facts["uploads"] = [upload]
                callers[key] = (cookie, facts)
            uploads = [upload for _, facts in callers.values() for upload in facts["uploads"]]
            good = True
            for who, (cookie, facts) in callers.items():
                if asked.only and who not in asked.only:
                    continue
                facts |= {"all_sessions": list(sessions.values()), "all_uploads": uploads}
                good &= play(server, os.path.abspath(asked.description), who, cookie, facts, asked.examples)
            faults = server.faults()
            print("\n".join(faults))
            return 0 if good and not faults else 1
        finally:
            server.process.terminate()
            server.process.wait(30)


if __name__ == "__main__":
    sys.exit(main())
