// <channel-tree> moves a dragged channel before another one, or to the end of a
// category. Buttons do the same without a mouse.
class ChannelTree extends HTMLElement {
  private dragged: HTMLElement | null = null;

  connectedCallback() {
    this.addEventListener("dragstart", (event) => {
      this.dragged = (event.target as Element).closest<HTMLElement>("[data-channel]");
      if (this.dragged && event.dataTransfer) event.dataTransfer.effectAllowed = "move";
    });
    this.addEventListener("dragover", (event) => {
      const place = this.placeAt(event);
      this.mark(place?.target ?? null);
      if (place) event.preventDefault();
    });
    this.addEventListener("dragend", () => {
      this.dragged = null;
      this.mark(null);
    });
    this.addEventListener("drop", (event) => {
      const place = this.placeAt(event);
      if (!place || !this.dragged) return;
      event.preventDefault();
      this.send(this.dragged.dataset.channel ?? "", place.category, place.before);
    });
  }

  // placeAt is the drop position: before the row under the pointer, or at the end
  // of the category.
  private placeAt(event: DragEvent) {
    const over = event.target as Element;
    const group = over.closest<HTMLElement>("[data-category]");
    if (!this.dragged || !group) return null;
    const row = over.closest<HTMLElement>("[data-channel]");
    if (row === this.dragged) return null;
    return { target: row ?? group, category: group.dataset.category ?? "", before: row?.dataset.channel ?? "" };
  }

  private mark(target: HTMLElement | null) {
    for (const marked of this.querySelectorAll("[data-over]")) delete (marked as HTMLElement).dataset.over;
    if (target) target.dataset.over = "";
  }

  private send(channel: string, category: string, before: string) {
    const form = this.querySelector<HTMLFormElement>("form[data-place]");
    if (!form) return;
    form.action = `${form.dataset.place}${channel}/place`;
    (form.elements.namedItem("category") as HTMLInputElement).value = category;
    (form.elements.namedItem("before") as HTMLInputElement).value = before;
    form.submit();
  }
}
customElements.define("channel-tree", ChannelTree);
