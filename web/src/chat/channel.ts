// <chat-channel> is the page of a channel: live messages, older ones while scrolling,
// messages that are sent in the background, read markers and keys. Times in
// milliseconds.
import { Composer } from "./composer";
import { Connection, type Frame } from "./connection";
import { MessageList } from "./list";
import { Outbox, type Draft } from "./outbox";
import { Sheet } from "./sheet";

const nearEnd = 80; // pixels
const typingShown = 8_000;
const typingPause = 3_000;
const listPause = 250;

class ChatChannel extends HTMLElement {
  private list!: MessageList;
  private scroller!: HTMLElement;
  private sheet!: Sheet;
  private connection!: Connection;
  private composer: Composer | undefined;
  private outbox: Outbox | undefined;
  private readonly wanted = new Set<string>(); // ids of messages to read again
  private reading = false;
  private loading = false;
  private listTimer: number | undefined;
  private offlineTimer: number | undefined;
  private lastTyping = 0;
  private readId = ""; // of the last message that was marked as read
  private seenId = ""; // of the newest message when the person last saw the end
  private readonly writing = new Map<string, number>(); // timers by member

  connectedCallback(): void {
    this.classList.add("scripted-chat");
    this.scroller = this.querySelector<HTMLElement>(".messages")!;
    this.list = new MessageList(this.querySelector<HTMLElement>(".message-list")!, this.dataset.new ?? "");
    this.sheet = new Sheet(this.querySelector<HTMLDialogElement>("#sheet")!, (path) => this.acted(path));
    this.startComposer();
    this.connection = new Connection(this.dataset.community ?? "", Number(this.dataset.sequence), (frame) => this.receive(frame), (online) => this.showState(online));
    this.addEventListener("click", (event) => this.clicked(event));
    this.addEventListener("submit", (event) => this.submit(event));
    this.addEventListener("keydown", (event) => this.press(event));
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    for (const kind of ["focus", "visibilitychange"]) window.addEventListener(kind, () => this.markRead());
    document.addEventListener("visibilitychange", () => this.markRead());
    document.addEventListener("keydown", (event) => this.pressAnywhere(event));
    this.start();
  }

  disconnectedCallback(): void {
    this.connection.close();
  }

  private start(): void {
    const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    const unread = this.list.root.querySelector("#unread");
    if (target?.classList.contains("message")) {
      target.scrollIntoView({ block: "center" });
      target.focus({ preventScroll: true });
    } else if (unread) unread.scrollIntoView({ block: "center" });
    else if (matchMedia("(pointer: fine)").matches && this.newest()) this.composer?.field.focus({ preventScroll: true });
    this.markRead();
  }

  private startComposer(): void {
    const form = this.querySelector<HTMLFormElement>("form.composer");
    if (!form) return;
    this.outbox = new Outbox(form.getAttribute("action") ?? "", {
      pending: (draft) => this.showPending(draft),
      failed: (draft) => this.showFailed(draft),
      sent: (draft, part) => this.showSent(draft, part),
    });
    this.composer = new Composer(form, this, {
      send: (draft) => this.send(draft),
      typing: () => this.signalTyping(),
      editLast: () => this.editLast(),
    });
  }

  // newest reports whether the newest messages are on the page.
  private newest(): boolean {
    return this.hasAttribute("data-newest");
  }

  private atEnd(): boolean {
    return Math.abs(this.scroller.scrollTop) < nearEnd;
  }

  // Sending.

  private send(draft: Draft): void {
    if (!this.newest()) {
      this.outbox?.add(draft);
      location.assign(this.dataset.path ?? "");
      return;
    }
    this.outbox?.add(draft);
    this.scroller.scrollTop = 0;
  }

  private pendingItem(draft: Draft): HTMLElement {
    const known = this.list.root.querySelector<HTMLElement>(`:scope > li[data-nonce="${CSS.escape(draft.nonce)}"]`);
    if (known) return known;
    const template = this.querySelector<HTMLTemplateElement>("#pending-message")!;
    const item = (template.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement;
    item.dataset.nonce = draft.nonce;
    item.querySelector<HTMLElement>("[data-text]")!.textContent = draft.message;
    item.querySelector("[data-again]")!.addEventListener("click", () => this.outbox?.again(draft.nonce));
    item.querySelector("[data-discard]")!.addEventListener("click", () => {
      this.outbox?.discard(draft.nonce);
      item.remove();
    });
    this.list.root.append(item);
    this.querySelector(".messages .empty")?.remove();
    return item;
  }

  private showPending(draft: Draft): void {
    const item = this.pendingItem(draft);
    item.querySelector<HTMLElement>(".failed")!.hidden = true;
    item.querySelector<HTMLElement>("[data-state]")!.hidden = false;
  }

  private showFailed(draft: Draft): void {
    const item = this.pendingItem(draft);
    item.querySelector<HTMLElement>("[data-state]")!.hidden = true;
    item.querySelector<HTMLElement>(".failed")!.hidden = false;
    const why = item.querySelector<HTMLElement>("[data-why]")!;
    why.dataset.plain ??= why.textContent ?? "";
    why.textContent = draft.failed ? `${why.dataset.plain}: ${draft.failed}` : (why.dataset.plain ?? "");
  }

  private showSent(draft: Draft, part: string): void {
    this.pendingItem(draft).remove();
    this.list.markUnread(null);
    this.list.merge(part);
    if (this.atEnd()) this.scroller.scrollTop = 0;
  }

  private signalTyping(): void {
    const now = Date.now();
    if (now - this.lastTyping < typingPause) return;
    if (this.connection.send({ op: "typing", channelId: this.dataset.channel })) this.lastTyping = now;
  }

  // Live messages.

  private receive(frame: Frame): void {
    if (frame.op === "resumed") this.dataset.live = "";
    if (frame.op === "now" && frame.type === "typing") this.showTyping(frame.data ?? {});
    if (frame.op === "dropped" && frame.channelId === this.dataset.channel) location.reload();
    if (frame.op !== "event" || !frame.type) return;
    if (/^(message|channel|topic)\./.test(frame.type)) this.refreshList();
    if (frame.type === "message.posted") this.notify(frame);
    if (frame.channelId !== this.dataset.channel) return;
    const message = frame.data?.message as { id?: string } | undefined;
    const id = message?.id ?? (frame.data?.messageId as string | undefined);
    if (!id || !/^(message|reaction)\./.test(frame.type)) return;
    if (frame.type === "message.posted") {
      if (!this.newest()) return;
      this.stopTyping(String((frame.data?.message as { user?: { user_id?: string } }).user?.user_id ?? ""));
    } else if (!this.list.find(id)) return;
    this.want(id);
  }

  // want reads a message again, with others that changed at the same time.
  private want(id: string): void {
    this.wanted.add(id);
    if (!this.reading) void this.read();
  }

  private async read(): Promise<void> {
    this.reading = true;
    while (this.wanted.size > 0) {
      const ids = [...this.wanted].slice(0, 50);
      for (const id of ids) this.wanted.delete(id);
      const part = await this.fetchPart(new URLSearchParams(ids.map((id) => ["id", id])));
      if (part === undefined) {
        for (const id of ids) this.wanted.add(id);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        continue;
      }
      this.list.merge(part, ids);
      this.querySelector(".messages .empty")?.remove();
      this.drawLine(ids);
      this.markRead();
      this.querySelector<HTMLElement>("[data-bottom]")!.hidden = this.newest() && this.atEnd();
    }
    this.reading = false;
  }

  // drawLine draws the line of new messages before those that arrive unseen.
  private drawLine(ids: string[]): void {
    if (this.reads() || this.list.root.querySelector("#unread")) return;
    const last = this.list.sent().at(-1)?.dataset.id;
    const first = ids.filter((id) => id > this.seenId && !this.list.find(id)?.classList.contains("own")).sort()[0];
    if (first && last && first <= last) this.list.markUnread(first);
  }

  private async fetchPart(query: URLSearchParams): Promise<string | undefined> {
    const address = new URL(this.dataset.part ?? "", location.href);
    for (const [name, value] of query) address.searchParams.append(name, value);
    try {
      const response = await fetch(address);
      return response.ok ? await response.text() : undefined;
    } catch {
      return undefined;
    }
  }

  private showTyping(data: Record<string, unknown>): void {
    const member = String(data.userId ?? "");
    if (data.channelId !== this.dataset.channel || member === this.dataset.self) return;
    clearTimeout(this.writing.get(member));
    this.writing.set(member, window.setTimeout(() => this.stopTyping(member), typingShown));
    this.renderTyping();
  }

  private stopTyping(member: string): void {
    clearTimeout(this.writing.get(member));
    if (this.writing.delete(member)) this.renderTyping();
  }

  private renderTyping(): void {
    const place = this.querySelector<HTMLElement>(".typing")!;
    const [member] = this.writing.keys();
    const name = member && this.list.root.querySelector(`li[data-user="${CSS.escape(member)}"] .name`)?.textContent;
    if (this.writing.size === 0) place.textContent = "";
    else if (this.writing.size === 1 && name) place.textContent = (this.dataset.typing ?? "").replace("{}", name);
    else place.textContent = this.dataset.several ?? "";
  }

  private refreshList(): void {
    clearTimeout(this.listTimer);
    this.listTimer = window.setTimeout(() => void this.loadList(), listPause);
  }

  private async loadList(): Promise<void> {
    try {
      const response = await fetch(this.dataset.list ?? "");
      if (!response.ok) return;
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("#channel-list");
      const old = document.querySelector("#channel-list");
      if (!fresh || !old || old.contains(document.activeElement)) return;
      old.replaceWith(document.importNode(fresh, true));
    } catch {
      // the next event tries again
    }
  }

  private showState(online: boolean): void {
    clearTimeout(this.offlineTimer);
    const notice = this.querySelector<HTMLElement>(".offline")!;
    if (online) {
      notice.hidden = true;
      this.outbox?.hurry();
      return;
    }
    this.offlineTimer = window.setTimeout(() => (notice.hidden = false), 3_000);
  }

  private notify(frame: Frame): void {
    if (!("Notification" in window) || Notification.permission !== "granted" || document.visibilityState === "visible") return;
    const message = frame.data?.message as { user?: { user_id?: string; displayName?: string; username?: string }; message?: string; channel?: { name?: string }; mentions?: { user_id?: string }[] } | undefined;
    if (!message || message.user?.user_id === this.dataset.self) return;
    const mentioned = message.mentions?.some((one) => one.user_id === this.dataset.self) ?? false;
    const entry = document.querySelector<HTMLElement>(`#channel-list a[data-channel="${CSS.escape(frame.channelId ?? "")}"]`);
    const notify = entry?.dataset.notify ?? "mentions";
    const wanted = notify === "all" || (notify === "mentions" && (mentioned || entry?.dataset.direct !== undefined));
    if (entry?.classList.contains("muted-channel") || !wanted) return;
    const shown = new Notification(`${message.user?.displayName || message.user?.username || ""} · ${message.channel?.name ?? ""}`, { body: (message.message ?? "").slice(0, 200), tag: frame.channelId });
    shown.addEventListener("click", () => {
      window.focus();
      shown.close();
    });
  }

  // Reading.

  // reads reports whether the person sees the newest messages.
  private reads(): boolean {
    return document.visibilityState === "visible" && document.hasFocus() && this.newest() && this.atEnd();
  }

  private markRead(): void {
    if (!this.reads()) return;
    this.seenId = this.list.sent().at(-1)?.dataset.id ?? "";
    if (!this.dataset.self) return;
    const last = this.list.sent().at(-1)?.dataset.id ?? "";
    if (last === "" || last <= this.readId) return;
    if (this.connection?.send({ op: "read", channelId: this.dataset.channel, messageId: last })) {
      this.readId = last;
      this.refreshList();
    } else window.setTimeout(() => this.markRead(), 500);
  }

  private scrolled(): void {
    this.querySelector<HTMLElement>("[data-bottom]")!.hidden = this.newest() && this.atEnd();
    this.markRead();
    const fromTop = this.scroller.scrollHeight - this.scroller.clientHeight - Math.abs(this.scroller.scrollTop);
    if (fromTop < 600) void this.extend("older");
    else if (!this.newest() && Math.abs(this.scroller.scrollTop) < 600) void this.extend("newer");
  }

  // extend reads the part before or after the messages of the page.
  private async extend(direction: "older" | "newer"): Promise<void> {
    const link = this.querySelector<HTMLAnchorElement>(`.messages a[data-${direction}]`);
    const ends = this.list.sent();
    const edge = direction === "older" ? ends[0] : ends.at(-1);
    if (!link || !edge || this.loading) return;
    this.loading = true;
    const part = await this.fetchPart(new URLSearchParams([[direction === "older" ? "before" : "after", edge.dataset.id ?? ""]]));
    if (part !== undefined) {
      const keep = edge.getBoundingClientRect().top;
      const found = this.list.merge(part);
      const more = found?.dataset[direction] ?? "";
      if (more) link.href = more;
      else link.parentElement?.remove();
      if (!more && direction === "newer") this.setAttribute("data-newest", "");
      this.scroller.scrollTop += edge.getBoundingClientRect().top - keep;
    }
    this.loading = false;
  }

  // Acts.

  private clicked(event: MouseEvent): void {
    const target = event.target as Element;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = target.closest<HTMLAnchorElement>("a");
    if (target.closest("[data-ask-notify]")) void Notification.requestPermission();
    if (!link) return;
    const item = link.closest<HTMLElement>("li.message");
    if (link.dataset.sheet !== undefined) {
      event.preventDefault();
      void this.sheet.open(link.href);
    } else if (link.dataset.edit !== undefined) {
      event.preventDefault();
      void this.sheet.open(link.href);
    } else if (link.dataset.reply !== undefined && item && this.composer) {
      event.preventDefault();
      this.answer(item);
    } else if (link.dataset.jump !== undefined && this.list.find(link.dataset.jump)) {
      event.preventDefault();
      this.jump(this.list.find(link.dataset.jump)!);
    } else if (link.dataset.older !== undefined || link.dataset.newer !== undefined) {
      event.preventDefault();
      void this.extend(link.dataset.older !== undefined ? "older" : "newer");
    } else if (link.dataset.bottom !== undefined && this.newest()) {
      event.preventDefault();
      this.scroller.scrollTop = 0;
      this.composer?.field.focus();
    }
  }

  private answer(item: HTMLElement): void {
    const author = item.querySelector(".name")?.textContent ?? "";
    const text = item.querySelector<HTMLElement>("[data-text]")?.dataset.text ?? "";
    this.composer?.answer(item.dataset.id ?? "", `${author}: ${text.replaceAll(/\s+/g, " ").slice(0, 80)}`);
  }

  private jump(item: HTMLElement): void {
    item.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth" });
    item.focus({ preventScroll: true });
  }

  private submit(event: SubmitEvent): void {
    const form = event.target as HTMLFormElement;
    if (form.dataset.act === undefined) return;
    event.preventDefault();
    void this.sheet.send(form, event.submitter);
  }

  // acted reads a message again after an act on it.
  private acted(path: string): void {
    const [, id, act] = /\/messages\/([0-9a-f]+)\/(\w+)$/.exec(path) ?? [];
    if (!id) return;
    if (act === "unread") {
      this.list.markUnread(id);
      this.readId = "\uffff"; // reading again needs a new visit
      this.refreshList();
      return;
    }
    this.want(id);
  }

  private editLast(): void {
    const own = this.list.sent().filter((one) => one.classList.contains("own") && one.querySelector("[data-edit]"));
    const link = own.at(-1)?.querySelector<HTMLAnchorElement>("[data-edit]");
    if (link) void this.sheet.open(link.href);
  }

  // Keys.

  private press(event: KeyboardEvent): void {
    const item = (event.target as Element).closest<HTMLElement>("li.message");
    if (!item || event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLInputElement) return;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const all = this.list.sent();
      const next = all[all.indexOf(item) + (event.key === "ArrowUp" ? -1 : 1)];
      event.preventDefault();
      if (next) next.focus();
      else if (event.key === "ArrowDown") this.composer?.field.focus();
      return;
    }
    const link = item.querySelector<HTMLAnchorElement>(`.toolbar [data-key="${CSS.escape(event.key)}"]`);
    if (!link) return;
    event.preventDefault();
    link.click();
  }

  private pressAnywhere(event: KeyboardEvent): void {
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      const all = [...document.querySelectorAll<HTMLAnchorElement>("#channel-list a[data-channel]")];
      const at = all.findIndex((one) => one.getAttribute("aria-current") === "page");
      const next = all[at + (event.key === "ArrowUp" ? -1 : 1)];
      event.preventDefault();
      next?.click();
    } else if (event.key === "Escape" && !document.querySelector("dialog[open], details[data-menu][open]")) {
      this.scroller.scrollTop = 0;
      this.list.markUnread(null);
      this.markRead();
    } else if (event.key === "Tab" && event.shiftKey && event.target === this.composer?.field) {
      const last = this.list.sent().at(-1);
      if (!last) return;
      event.preventDefault();
      last.focus();
    }
  }
}

customElements.define("chat-channel", ChatChannel);
