// Package regulars embeds the documents at the root of the repository, which every
// server shows.
package regulars

import _ "embed"

// Changelog is CHANGELOG.md.
//
//go:embed CHANGELOG.md
var Changelog []byte
