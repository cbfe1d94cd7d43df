package member

import (
	"context"
	"log/slog"
)

// skipped are members that work on all members left as they were, because the
// database refuses their new rows.
type skipped struct {
	Count int64    `json:"count"`
	First []string `json:"first"` // the ids of the first ones, at most mostSkippedIDs
}

const mostSkippedIDs = 20

func (s *skipped) add(ids []string) {
	s.Count += int64(len(ids))
	s.First = append(s.First, ids[:min(len(ids), mostSkippedIDs-len(s.First))]...)
}

// reportSkipped logs and counts the members that work skipped, once it has
// ended. subject is the id of the role, tag or field.
func (s *Members) reportSkipped(ctx context.Context, work, communityID, subject string, members skipped) {
	if members.Count == 0 {
		return
	}
	s.skipped.Add(members.Count)
	log := s.connected.Log
	if log == nil {
		log = slog.Default()
	}
	log.WarnContext(ctx, "members skipped: the database refuses their new rows", "work", work, "community_id", communityID, "subject_id", subject,
		"count", members.Count, "first_user_ids", members.First)
}

// SkippedTotal is the number of members that work of this process skipped,
// because the database refuses their new rows.
func (s *Members) SkippedTotal() int64 { return s.skipped.Load() }
