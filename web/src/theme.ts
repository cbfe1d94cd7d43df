// Runs before the first paint: puts the chosen theme on the page. Nothing
// chosen means the system's.
const chosen = localStorage.getItem("theme");
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
