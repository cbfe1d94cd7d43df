// Package correction stores the cells of a file that a person corrected in the import
// wizard, for the staged file and for its jobs.
package correction

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Bounds of the corrections of a file.
const (
	maxCells = 10_000
	MaxText  = 1_000   // characters of a cell
	maxBytes = 4 << 20 // of all texts
)

type cellKey struct{ line, cell int }

// Save stores corrections of a staged file; later ones of a cell replace earlier ones. It
// fails with Invalid correction_too_long, bad_text or too_many_corrections, and stores
// none then.
func Save(ctx context.Context, tx *sqldb.Tx, communityID, draftID string, list []source.Correction) error {
	for _, c := range list {
		switch {
		case utf8.RuneCountInString(c.Text) > MaxText:
			return errs.New(errs.Invalid, "correction_too_long", "A corrected cell has at most %d characters. Shorten the text of line %d.", MaxText, c.Line)
		case !utf8.ValidString(c.Text) || strings.ContainsRune(c.Text, 0):
			return errs.New(errs.Invalid, "bad_text", "The corrected cell of line %d has characters that are not text. Type it again.", c.Line)
		}
	}
	saved, err := Load(ctx, tx, communityID, draftID)
	if err != nil {
		return err
	}
	bytes := map[cellKey]int{}
	total := 0
	for _, c := range append(saved, list...) {
		key := cellKey{c.Line, c.Cell}
		total += len(c.Text) - bytes[key]
		bytes[key] = len(c.Text)
	}
	if len(bytes) > maxCells || total > maxBytes {
		return errs.New(errs.Invalid, "too_many_corrections", "At most %d cells of a file can be corrected here. Correct the others in your file and upload it again.", maxCells)
	}
	return insert(ctx, tx, communityID, draftID, list)
}
