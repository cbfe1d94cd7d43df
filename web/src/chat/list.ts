// The messages of a page: their order, day headings and headings of authors, which
// follow the rules of the server. Times in milliseconds.
const together = 5 * 60_000;

export class MessageList {
  readonly root: HTMLElement;

  constructor(
    root: HTMLElement,
    private readonly unreadText: string,
  ) {
    this.root = root;
  }

  items(): HTMLElement[] {
    return [...this.root.querySelectorAll<HTMLElement>(":scope > li.message")];
  }

  sent(): HTMLElement[] {
    return this.items().filter((one) => one.dataset.id !== undefined);
  }

  find(id: string): HTMLElement | null {
    return this.root.querySelector(`:scope > li.message[data-id="${CSS.escape(id)}"]`);
  }

  // merge puts the messages of a part in their places; missing ids were deleted.
  merge(part: string, wanted: string[] = []): HTMLElement | null {
    const found = new DOMParser().parseFromString(part, "text/html").querySelector<HTMLElement>(".message-list");
    if (!found) return null;
    const fresh = [...found.querySelectorAll<HTMLElement>(":scope > li.message")];
    for (const id of wanted) if (!fresh.some((one) => one.dataset.id === id)) this.find(id)?.remove();
    for (const one of fresh) this.put(document.importNode(one, true));
    this.arrange();
    return found;
  }

  private put(fresh: HTMLElement): void {
    const id = fresh.dataset.id ?? "";
    const old = this.find(id);
    if (old) {
      const focused = old.contains(document.activeElement) ? document.activeElement : null;
      const key = focused?.getAttribute("data-key");
      old.replaceWith(fresh);
      if (focused === old) fresh.focus({ preventScroll: true });
      else if (key) fresh.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
      return;
    }
    const after = this.items().find((one) => one.dataset.id === undefined || (one.dataset.id ?? "") > id);
    this.root.insertBefore(fresh, after ?? null);
  }

  // arrange sets the headings.
  arrange(): void {
    for (const heading of this.root.querySelectorAll(":scope > li.day")) heading.remove();
    const unread = this.root.querySelector(":scope > li.unread-line");
    let last: HTMLElement | undefined;
    for (const one of this.items()) {
      if (one.dataset.id === undefined) continue;
      const newDay = last?.dataset.day !== one.dataset.day;
      if (newDay) {
        const heading = document.createElement("li");
        heading.className = "day";
        heading.append(document.createElement("h2"));
        heading.firstElementChild!.textContent = one.dataset.day ?? "";
        (unread && unread === one.previousElementSibling ? unread : one).before(heading);
      }
      const apart = last ? Date.parse(one.dataset.at ?? "") - Date.parse(last.dataset.at ?? "") : Infinity;
      const same = last?.dataset.author === one.dataset.author && apart <= together && !one.querySelector(".answered") && one.previousElementSibling !== unread;
      one.classList.toggle("continues", !newDay && same);
      last = one;
    }
  }

  // markUnread draws the line before a message.
  markUnread(id: string | null): void {
    this.root.querySelector(":scope > li.unread-line")?.remove();
    const first = id && this.find(id);
    if (first) {
      const line = document.createElement("li");
      line.className = "unread-line";
      line.id = "unread";
      line.append(document.createElement("span"));
      line.firstElementChild!.textContent = this.unreadText;
      first.before(line);
    }
    this.arrange();
  }
}
