package app

import (
	"archive/tar"
	"errors"
	"fmt"
	"path"
	"strings"
)

// The largest entries of a backup, in bytes.
const (
	maxInfoEntry     = 1 << 20
	maxKeyEntry      = 4 << 10
	maxFileEntry     = 64 << 30
	maxDatabaseEntry = 4 << 40
)

// entries are the names of an archive so far, in lower case: on some systems
// two names that differ in case are one file.
type entries map[string]bool

// check rejects an entry that regulars backup never writes: a link, a device or
// a folder, a name outside the archive or written in a second way, a doubled
// name, a sparse entry, and one above the size of its kind.
func (e entries) check(h *tar.Header) error {
	if h.Typeflag != tar.TypeReg {
		return errors.New("is not a regular file")
	}
	if h.Linkname != "" || h.Devmajor != 0 || h.Devminor != 0 {
		return errors.New("names another file or a device")
	}
	for record := range h.PAXRecords {
		if strings.HasPrefix(record, "GNU.sparse.") {
			return errors.New("is a sparse file")
		}
	}
	if strings.ContainsAny(h.Name, "\\:\x00") || path.IsAbs(h.Name) || path.Clean(h.Name) != h.Name || h.Name == ".." || strings.HasPrefix(h.Name, "../") {
		return errors.New("is not a name in this archive")
	}
	if limit := maxEntry(h.Name); h.Size < 0 || h.Size > limit {
		return fmt.Errorf("is larger than %d bytes", limit)
	}
	name := strings.ToLower(h.Name)
	if e[name] {
		return errors.New("is in the archive twice")
	}
	e[name] = true
	return nil
}

func maxEntry(name string) int64 {
	switch kind, _, _ := strings.Cut(name, "/"); kind {
	case "backup.json":
		return maxInfoEntry
	case keyFile:
		return maxKeyEntry
	case "database":
		return maxDatabaseEntry
	case "files":
		return maxFileEntry
	}
	return 0
}
