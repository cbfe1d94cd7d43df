// Package cause finds which bulk job let a member meet conditions, so that its undo can
// reverse what the member was paid.
package cause

import (
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/member"
)

// write is the last change of a field of a member, by a bulk job.
type write struct {
	jobID string
	at    int64 // Unix milliseconds
}

// Writes are the last changes of fields of members, where imports and bulk updates made them.
type Writes map[member.FieldOf]write

// Of returns the bulk job that let a member meet conditions, "" for none: the last one that
// changed a field of them since the conditions were changed. done is when the member did what
// is examined, 0 for nothing. If the conditions count actions, a job before that is not the
// cause. Times are Unix milliseconds.
func (w Writes) Of(userID string, conditions *condition.Node, changed, done int64) string {
	since := changed
	if len(conditions.Actions()) > 0 {
		since = max(since, done+1)
	}
	var last write
	for _, fieldID := range conditions.FieldIDs() {
		if one := w[member.FieldOf{UserID: userID, FieldID: fieldID}]; one.at >= since && one.at > last.at {
			last = one
		}
	}
	return last.jobID
}
