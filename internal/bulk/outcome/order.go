package outcome

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
)

// ParseCursor parses the position behind a page of rows: the number of a batch, and the
// number of its rows to skip. It fails with Invalid invalid_cursor.
func ParseCursor(cursor string) (number int64, skip int, err error) {
	if cursor == "" {
		return 0, 0, nil
	}
	before, after, _ := strings.Cut(cursor, "-")
	number, errNumber := strconv.ParseInt(before, 10, 64)
	skip, errSkip := strconv.Atoi(after)
	if errNumber != nil || errSkip != nil || number < 0 || skip < 0 {
		return 0, 0, errs.New(errs.Invalid, "invalid_cursor", "The cursor is not from this list.")
	}
	return number, skip, nil
}

// InFileOrder returns the indexes of records in file order: a compressed file
// can only be read forward, and an undo goes backward.
func InFileOrder(list []Record) []int {
	places := make([]int, len(list))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int { return cmp.Compare(list[a].Pos.Offset, list[b].Pos.Offset) })
	return places
}
