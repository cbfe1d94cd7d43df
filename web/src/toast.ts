// Toasts close after six seconds, but not while hovered or focused.
for (const toast of document.querySelectorAll<HTMLElement>(".toast:not([hidden])")) {
  const startTimer = () => setTimeout(() => (toast.hidden = true), 6000);
  let timer = startTimer();
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, () => (timer = startTimer()));
}
document.addEventListener("click", (event) => {
  const close = (event.target as Element).closest?.(".toast [data-close]");
  if (close) close.closest<HTMLElement>(".toast")!.hidden = true;
});
