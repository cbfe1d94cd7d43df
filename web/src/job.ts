import htmx from "../vendor/htmx.js";

// The browser reconnects by itself after a cut, but not after a response with an
// error, as a restarting server or a proxy before it sends. Times in milliseconds.
const firstRetry = 1_000;
const lastRetry = 15_000;

// <job-live src="..." page="..."> shows the progress of a job. Each event is a
// fragment of the page; after the last one the page is loaded again, because a
// finished job has other actions.
export class JobLive extends HTMLElement {
  private source: EventSource | undefined;
  private timer: number | undefined;
  private retry = firstRetry;

  connectedCallback() {
    const src = this.getAttribute("src");
    if (src) this.connect(src);
  }

  disconnectedCallback() {
    this.source?.close();
    clearTimeout(this.timer);
  }

  private connect(src: string) {
    const source = new EventSource(src);
    this.source = source;
    source.addEventListener("progress", (event) => {
      this.retry = firstRetry;
      this.show(JSON.parse((event as MessageEvent).data));
    });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      this.timer = window.setTimeout(() => this.connect(src), this.retry);
      this.retry = Math.min(this.retry * 2, lastRetry);
    });
    // The reloaded page shows the reason.
    source.addEventListener("dropped", () => {
      source.close();
      location.reload();
    });
    source.addEventListener("done", () => {
      source.close();
      this.finish();
    });
  }

  private show(fragment: { html: string; title: string }) {
    document.title = fragment.title;
    const fresh = new DOMParser().parseFromString(fragment.html, "text/html");
    for (const part of fresh.querySelectorAll("[data-live]")) {
      const name = part.getAttribute("data-live");
      const old = this.querySelector(`[data-live="${name}"]`);
      if (old && old.outerHTML !== part.outerHTML) update(old, part);
    }
  }

  private finish() {
    void htmx.ajax("GET", location.href, { target: "#main", select: "#main", swap: "outerHTML" });
  }
}

// update patches differences in place, to preserve transitions and focus.
function update(old: Element, fresh: Element) {
  if (old.tagName !== fresh.tagName || old.childNodes.length !== fresh.childNodes.length) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  fresh.childNodes.forEach((node, i) => {
    const existing = old.childNodes[i];
    if (!existing) return;
    if (node instanceof Element && existing instanceof Element) update(existing, node);
    else if (existing.nodeValue !== node.nodeValue) existing.nodeValue = node.nodeValue;
  });
}
