// Package docs holds the guides and decisions, which every server shows.
package docs

import "embed"

// Files are the guides, their pictures and the decisions.
//
//go:embed *.md adr/*.md screenshots/*.png
var Files embed.FS
