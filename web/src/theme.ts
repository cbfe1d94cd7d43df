// Runs before the first paint and applies the stored theme; without one the
// system theme applies.
const theme = localStorage.getItem("theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
