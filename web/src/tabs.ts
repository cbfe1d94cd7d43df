// Scrolls the tabs of the second level to the current one.
const tabs = document.querySelector<HTMLElement>("[data-tabs]");
const current = tabs?.querySelector<HTMLElement>("[aria-current]");
if (tabs && current) tabs.scrollLeft = current.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
