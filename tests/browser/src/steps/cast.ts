// The six people of the demo.
import { Actor, CAST, type Role } from "../actor.ts";
import type { Probe } from "../page/probe.ts";
import type { Seed } from "../seed.ts";

export class Cast {
  readonly all: Actor[];

  private constructor(all: Actor[]) {
    this.all = all;
  }

  static async open(seed: Seed, work: string, roles: readonly Role[] = CAST): Promise<Cast> {
    const all: Actor[] = [];
    for (const { key, camera } of roles) {
      const person = seed.people[key];
      if (!person) throw new Error(`the seed has no ${key}`);
      all.push(await Actor.open(key, camera, person, work));
    }
    return new Cast(all);
  }

  get(key: string): Actor {
    const actor = this.all.find((one) => one.key === key);
    if (!actor) throw new Error(`no ${key} in the cast`);
    return actor;
  }

  get chair(): Actor {
    return this.get("chair");
  }

  /** All but the chair. */
  get others(): Actor[] {
    return this.all.filter((actor) => actor !== this.chair);
  }

  get senders(): Actor[] {
    return this.all.filter((actor) => actor.camera !== null);
  }

  /** Person id by the number painted in that person's picture. */
  get owner(): Map<number, string> {
    return new Map(this.senders.map((actor) => [actor.id ?? -1, actor.person]));
  }

  async watch(what: Parameters<Probe["watch"]>[0]): Promise<void> {
    await Promise.all(this.all.map((actor) => actor.watch(what)));
  }

  async collect(): Promise<void> {
    await Promise.all(this.all.map((actor) => actor.collect()));
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((actor) => actor.close()));
  }
}

/** A script that waits for something looks at each page 60 times a second, on six pages at once: not while a screen is timed. */
export function undisturbed(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1500));
}
