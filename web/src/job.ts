import htmx from "../vendor/htmx.js";

// <job-live src="..." page="...">: shows a job as the server tells it. Each
// event holds the piece of page to show; after the last one the page itself is
// asked for again, because a finished job offers other things than a running one.
export class JobLive extends HTMLElement {
  private source: EventSource | undefined;

  connectedCallback() {
    const src = this.getAttribute("src");
    if (!src) return;
    const source = new EventSource(src);
    this.source = source;
    source.addEventListener("progress", (event) => this.show(JSON.parse((event as MessageEvent).data)));
    // The reason is on the page that the server answers with now.
    source.addEventListener("dropped", () => {
      source.close();
      location.reload();
    });
    source.addEventListener("done", () => {
      source.close();
      this.finish();
    });
  }

  disconnectedCallback() {
    this.source?.close();
  }

  private show(piece: { html: string; title: string }) {
    document.title = piece.title;
    const fresh = new DOMParser().parseFromString(piece.html, "text/html");
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

// update changes what differs and keeps the elements, so that bars move and a
// focus stays where it is.
function update(old: Element, fresh: Element) {
  if (old.tagName !== fresh.tagName || old.childNodes.length !== fresh.childNodes.length) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  fresh.childNodes.forEach((node, i) => {
    const mine = old.childNodes[i];
    if (!mine) return;
    if (node instanceof Element && mine instanceof Element) update(mine, node);
    else if (mine.nodeValue !== node.nodeValue) mine.nodeValue = node.nodeValue;
  });
}
