// Everything that would talk to a service of others is off: the page works
// without a network and shows nothing but the document.
Scalar.createApiReference("#reference", {
  url: "/openapi.json",
  withDefaultFonts: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  mcp: { disabled: true },
  agent: { disabled: true },
  telemetry: false,
  proxyUrl: "",
});
