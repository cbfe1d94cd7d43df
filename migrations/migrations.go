// Package migrations contains the schema as numbered SQL files, forward only. The
// files are for both engines: {sqlite: text} is replaced by the text on SQLite and
// removed on PostgreSQL, {postgres: text} the other way round.
package migrations

import (
	"bytes"
	"embed"
	"io/fs"
	"regexp"
)

//go:embed *.sql
var files embed.FS

// First is the number of the first migration. A database with a lower version is
// from before the first release and cannot be migrated.
const First = 101

// For returns the migrations for an engine, "sqlite" or "postgres".
func For(engine string) fs.FS { return engineFS(engine) }

type engineFS string

var block = regexp.MustCompile(`\{(sqlite|postgres):([^{}]*)\}`)

// Open implements fs.FS.
func (e engineFS) Open(name string) (fs.File, error) {
	file, err := files.Open(name)
	if err != nil || name == "." {
		return file, err
	}
	text, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return expandedFile{file, bytes.NewReader(e.expand(text))}, nil
}

func (e engineFS) expand(text []byte) []byte {
	return block.ReplaceAllFunc(text, func(b []byte) []byte {
		if part := block.FindSubmatch(b); string(part[1]) == string(e) {
			return part[2]
		}
		return nil
	})
}

// expandedFile is a file with another content.
type expandedFile struct {
	fs.File
	content *bytes.Reader
}

// Read implements fs.File.
func (f expandedFile) Read(b []byte) (int, error) { return f.content.Read(b) }
