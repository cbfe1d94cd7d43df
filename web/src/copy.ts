// <copy-button value="..."><button>...</button></copy-button>: puts the value,
// or the text of the element that its for names, on the clipboard and says so.
class CopyButton extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", () => void this.copy());
  }

  private async copy() {
    const from = this.getAttribute("for");
    const text = this.getAttribute("value") ?? (from ? document.getElementById(from)?.textContent : "") ?? "";
    await navigator.clipboard.writeText(text);
    const label = this.querySelector<HTMLElement>("[data-label]");
    if (!label) return;
    const before = label.textContent;
    label.textContent = this.getAttribute("done") ?? before;
    setTimeout(() => (label.textContent = before), 1600);
  }
}
customElements.define("copy-button", CopyButton);
