package assign

import (
	"context"

	"github.com/regulars/regulars/internal/member"
)

// ReportSkipped logs and counts the members that a finished job skipped.
// subject is the id of the role, tag or field.
func (s *Assignments) ReportSkipped(ctx context.Context, work, communityID, subject string, members member.Skipped) {
	if members.Count == 0 {
		return
	}
	s.skipped.Add(members.Count)
	s.log.WarnContext(ctx, "members skipped: the database refuses their new rows", "work", work, "community_id", communityID, "subject_id", subject,
		"count", members.Count, "first_user_ids", members.First)
}

// SkippedTotal is the number of members that jobs of this process skipped
// because the database rejects their new rows.
func (s *Assignments) SkippedTotal() int64 { return s.skipped.Load() }
