package count

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// Preview is how many members meet conditions.
type Preview struct {
	Reached, Checked int64
	Partial          bool // more members were not checked
}

const (
	maxPreview   = 20_000 // members
	previewBatch = 500
)

// NewPreview returns the preview of conditions; reached counts those of some members who
// meet them, and may change the list.
func NewPreview(ctx context.Context, q sqldb.Querier, communityID string, reached func(ids []string) (int, error)) (Preview, error) {
	var p Preview
	after := ""
	for {
		ids, err := MembersAfter(ctx, q, communityID, after, previewBatch)
		if err != nil || len(ids) == 0 {
			return p, err
		}
		if p.Checked >= maxPreview {
			p.Partial = true
			return p, nil
		}
		p.Checked, after = p.Checked+int64(len(ids)), ids[len(ids)-1]
		n, err := reached(ids)
		if err != nil {
			return p, err
		}
		p.Reached += int64(n)
	}
}
