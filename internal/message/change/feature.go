package change

import (
	"context"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/sqldb"
)

// Feature describes the package to the application.
func (s *Changes) Feature() feature.Feature {
	return feature.Feature{
		Name: "change", Jobs: func(e *jobs.Engine) { jobs.Register(e, s.clear) }, Sweeps: []func(context.Context) error{s.sweepDeleted}, EraseMembers: EraseMembers,
		AuditVerbs: []audit.Verb{verbDelete, verbDeleteRecent, verbPin, verbUnpin},
		Limits:     []feature.Limit{{Name: "channel_pins", Value: message.MaxPins, Unit: "messages"}},
	}
}

// EraseMembers removes members from earlier texts, in the caller's transaction: as
// authors, as actors, and from mentions.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	if err := eraseEarlierMentions(ctx, tx, communityID, memberIDs); err != nil {
		return err
	}
	refs, err := member.ActorRefs(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	if err := eraseHistoryActors(ctx, tx, communityID, refs); err != nil {
		return err
	}
	return eraseHistory(ctx, tx, communityID, memberIDs)
}
