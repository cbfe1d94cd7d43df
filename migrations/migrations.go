// Package migrations holds the schema as numbered SQL files, forward only. A
// pair NNNN_name.sqlite.sql and NNNN_name.postgres.sql stands where the
// engines differ.
package migrations

import "embed"

// Files are all migrations of both engines.
//
//go:embed *.sql
var Files embed.FS
