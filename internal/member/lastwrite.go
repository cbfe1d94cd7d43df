package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// FieldOf identifies one field of one member.
type FieldOf struct{ UserID, FieldID string }

// LastWrite is the last value that one of some sources wrote to a field of a
// member.
type LastWrite struct {
	Value    any
	SourceID string // "": none of them changed the field, and Value is the initial one
}

// LastWrites returns the last write of the sources to each field of members
// that has a history.
func LastWrites(ctx context.Context, q sqldb.Querier, communityID string, userIDs []string, sourceIDs ...string) (map[FieldOf]LastWrite, error) {
	if len(userIDs) == 0 {
		return nil, nil
	}
	edges, err := selectEdges(ctx, q, communityID, userIDs, sourceIDs)
	if err != nil {
		return nil, err
	}
	writes := map[FieldOf]LastWrite{}
	for _, e := range edges {
		key := FieldOf{e.userID, e.fieldID}
		_, known := writes[key]
		switch {
		case e.last:
			writes[key] = LastWrite{e.after, e.sourceID}
		case e.first && !known:
			writes[key] = LastWrite{Value: e.before}
		}
	}
	return writes, nil
}

// edge is the first or last change of a field of a member.
type edge struct {
	userID, fieldID string
	before, after   any
	sourceID        string
	first           bool // change of the field
	last            bool // change from one of the sources
}
