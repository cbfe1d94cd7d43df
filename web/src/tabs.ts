// Scrolls the tabs of the second level to the current one, also when the window changes.
const tabs = document.querySelector<HTMLElement>("[data-tabs]");
const current = tabs?.querySelector<HTMLElement>("[aria-current]");

function showCurrent(): void {
  if (tabs && current) tabs.scrollLeft = current.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
}

showCurrent();
addEventListener("resize", showCurrent);
