package markdown

// Sanitise is the last step of Render.
var Sanitise = sanitise
