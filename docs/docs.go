// Package docs holds the guides, which every server shows.
package docs

import "embed"

// Files are the guides and their pictures.
//
//go:embed *.md screenshots/*.png
var Files embed.FS
