// <copy-button value="..."><button>...</button></copy-button> copies the value,
// or the text of the element referenced by for, and confirms it in the label.
class CopyButton extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", () => void this.copy());
  }

  private async copy() {
    const source = this.getAttribute("for");
    const text = this.getAttribute("value") ?? (source ? document.getElementById(source)?.textContent : "") ?? "";
    await navigator.clipboard.writeText(text);
    const label = this.querySelector<HTMLElement>("[data-label]");
    if (!label) return;
    const before = label.textContent;
    label.textContent = this.getAttribute("done") ?? before;
    setTimeout(() => (label.textContent = before), 1600);
  }
}
customElements.define("copy-button", CopyButton);
