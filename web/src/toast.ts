// A toast goes away by itself, but never while somebody reads it with the
// pointer or the keyboard on it.
for (const toast of document.querySelectorAll<HTMLElement>(".toast:not([hidden])")) {
  const leave = () => setTimeout(() => (toast.hidden = true), 6000);
  let timer = leave();
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, () => (timer = leave()));
}
document.addEventListener("click", (event) => {
  const close = (event.target as Element).closest?.(".toast [data-close]");
  if (close) close.closest<HTMLElement>(".toast")!.hidden = true;
});
