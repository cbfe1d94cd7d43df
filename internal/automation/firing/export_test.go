package firing

// Handle handles events as the consumer does.
var Handle = (*Firings).handle
