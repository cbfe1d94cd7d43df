package migrations

import (
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
)

// Compatibility is the number of the migration since which each migration states the
// oldest program that can use its schema, in a line "-- oldest: 127". A program is
// named by the newest migration that it knows.
const Compatibility = 128

var oldestLine = regexp.MustCompile(`(?m)^-- oldest: (\d+)$`)

// Oldest returns the oldest program that can use the schema after all migrations.
func Oldest() (oldest int64, err error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return 0, err
		}
		found := oldestLine.FindSubmatch(text)
		if found == nil {
			continue
		}
		stated, err := strconv.ParseInt(string(found[1]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		oldest = max(oldest, stated)
	}
	return oldest, nil
}
