// The built server as a child process: seeded, started, killed and started again.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Outbox, readSeed, type Seed } from "./seed.ts";

export class Server {
  readonly directory: string;
  readonly binary: string;
  base = "";
  private child: ChildProcess | undefined;

  constructor(directory: string) {
    this.directory = directory;
    this.binary = process.env["KANJIE_BIN"] ?? "";
    if (!existsSync(this.binary)) throw new Error(`KANJIE_BIN names no binary: ${this.binary || "(not set)"}`);
    mkdirSync(directory, { recursive: true });
    this.configure(0);
  }

  /** Fresh demo data. */
  seed(): Seed {
    const path = join(this.directory, "seed.json");
    execFileSync(this.binary, ["seed", "--config", "kanjie.toml", "--json", path], { cwd: this.directory, stdio: "inherit" });
    return readSeed(path);
  }

  async start(): Promise<void> {
    const log = createWriteStream(join(this.directory, "kanjie.log"), { flags: "a" });
    // Six people's machines share this one with the server: it keeps the priority that it would have on its own.
    const child = spawn("nice", ["-n", "-10", this.binary, "serve", "--config", "kanjie.toml"], { cwd: this.directory, stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    child.stderr.pipe(log);
    this.base = await new Promise<string>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`kanjie ended with ${code}:\n${this.log().slice(-2000)}`)));
      createInterface(child.stdout).on("line", (line) => line.startsWith("ready ") && resolve(line.slice(6).trim()));
    });
    // A restart comes back at the same address.
    this.configure(Number(new URL(this.base).port));
  }

  /** `kill -9`, at once. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.end("SIGTERM");
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  get outbox(): Outbox {
    return new Outbox(join(this.directory, "data", "outbox.jsonl"));
  }

  log(): string {
    const path = join(this.directory, "kanjie.log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  /** `kanjie export SESSION`, answering the package's directory. */
  export(session: string, out: string, copy: "full" | "applicant" = "full"): string {
    const more = copy === "applicant" ? ["--for", "applicant"] : [];
    execFileSync(this.binary, ["export", session, "--config", "kanjie.toml", "--out", out, ...more], {
      cwd: this.directory,
      stdio: ["ignore", "ignore", "inherit"],
    });
    return out;
  }

  private configure(port: number): void {
    const dist = new URL("../../../client-web/dist", import.meta.url).pathname;
    const lines = [
      `listen = ["127.0.0.1:${port}"]`,
      `data = ${JSON.stringify(join(this.directory, "data"))}`,
      `[clock]\nkept_by = "one machine plays every part"`,
      `[web]\ndist = ${JSON.stringify(dist)}`,
    ];
    writeFileSync(join(this.directory, "kanjie.toml"), `${lines.join("\n")}\n`);
  }
}

/** Runs a program and answers exit code and output; never throws. */
export function run(program: string, args: string[]): { code: number; text: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  return { code: status ?? -1, text: `${stdout}${stderr}`.trim() };
}
