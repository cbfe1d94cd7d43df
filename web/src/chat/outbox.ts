// Messages that are being sent, in the order of writing. They are kept in the browser
// until the server has them; the nonce makes a repetition harmless. Times in
// milliseconds.
const firstRetry = 1_000;
const lastRetry = 10_000;
const patience = 30_000; // then the person decides

export interface Draft {
  nonce: string;
  message: string;
  reply: string;
  attachments: string[];
  failed?: string; // why it was not sent; "": the network
}

export class Outbox {
  private readonly key: string;
  private busy = false;
  private timer: number | undefined;
  private waiting: (() => void) | undefined;

  constructor(
    private readonly path: string,
    private readonly shown: {
      pending(draft: Draft): void;
      failed(draft: Draft): void;
      sent(draft: Draft, part: string): void;
    },
  ) {
    this.key = `outbox ${path}`;
    for (const draft of this.list()) {
      this.shown.pending(draft);
      if (draft.failed !== undefined) this.shown.failed(draft);
    }
    window.addEventListener("online", () => this.hurry());
    void this.run();
  }

  add(draft: Draft): void {
    this.save([...this.list(), draft]);
    this.shown.pending(draft);
    void this.run();
  }

  again(nonce: string): void {
    this.save(this.list().map((one) => (one.nonce === nonce ? { ...one, failed: undefined } : one)));
    const draft = this.list().find((one) => one.nonce === nonce);
    if (draft) this.shown.pending(draft);
    void this.run();
  }

  discard(nonce: string): void {
    this.save(this.list().filter((one) => one.nonce !== nonce));
  }

  // hurry ends the pause before the next try.
  hurry(): void {
    clearTimeout(this.timer);
    this.waiting?.();
  }

  private list(): Draft[] {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? "[]") as Draft[];
    } catch {
      return [];
    }
  }

  private save(list: Draft[]): void {
    if (list.length === 0) localStorage.removeItem(this.key);
    else localStorage.setItem(this.key, JSON.stringify(list));
  }

  private async run(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    for (;;) {
      const draft = this.list().find((one) => one.failed === undefined);
      if (!draft) break;
      await this.deliver(draft);
    }
    this.busy = false;
  }

  private async deliver(draft: Draft): Promise<void> {
    const until = Date.now() + patience;
    for (let pause = firstRetry; ; pause = Math.min(pause * 2, lastRetry)) {
      const answer = await post(this.path, draft);
      if (answer.part !== undefined) {
        this.discard(draft.nonce);
        this.shown.sent(draft, answer.part);
        return;
      }
      if (!this.list().some((one) => one.nonce === draft.nonce)) return; // discarded meanwhile
      if (answer.refused !== undefined || Date.now() > until) {
        this.fail({ ...draft, failed: answer.refused ?? "" });
        return;
      }
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
        this.timer = window.setTimeout(resolve, Math.max(pause, answer.after ?? 0));
      });
    }
  }

  private fail(draft: Draft): void {
    this.save(this.list().map((one) => (one.nonce === draft.nonce ? draft : one)));
    this.shown.failed(draft);
  }
}

interface Answer {
  part?: string; // the message
  refused?: string; // why
  after?: number; // when to try again
}

async function post(path: string, draft: Draft): Promise<Answer> {
  const form = new FormData();
  form.set("nonce", draft.nonce);
  form.set("message", draft.message);
  form.set("reply", draft.reply);
  for (const id of draft.attachments) form.append("attachment", id);
  try {
    const response = await fetch(path, { method: "POST", body: form, headers: { Accept: "application/json" }, signal: AbortSignal.timeout(15_000) });
    if (response.ok) return { part: await response.text() };
    if (response.status >= 500) return {};
    const failure = (await response.json()) as { message?: string };
    return { refused: failure.message ?? "" };
  } catch {
    return {};
  }
}
