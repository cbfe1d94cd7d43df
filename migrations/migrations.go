// Package migrations contains the schema as numbered SQL files, forward only.
// Where the engines differ there is a pair of files, NNNN_name.sqlite.sql and
// NNNN_name.postgres.sql.
package migrations

import "embed"

// Files are the migrations of both engines.
//
//go:embed *.sql
var Files embed.FS
