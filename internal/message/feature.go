package message

import (
	"context"

	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/tally"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/sqldb"
)

// Feature describes the package to the application.
func (m *Messages) Feature() feature.Feature {
	return feature.Feature{Name: "message", EraseMembers: EraseMembers, Events: events}
}

// EraseMembers removes members from messages, in the caller's transaction: as
// authors, from mentions, with their images and figures, and from reactions. The
// number of reactions stays.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	mentioning, err := mentioning(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	for i := range mentioning {
		mentioning[i].eraseMentions(memberIDs)
		if err := SetContent(ctx, tx, communityID, &mentioning[i]); err != nil {
			return err
		}
	}
	refs, err := member.ActorRefs(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	if err := unmarkImages(ctx, tx, communityID, memberIDs); err != nil {
		return err
	}
	if err := image.EraseMembers(ctx, tx, communityID, memberIDs, refs); err != nil {
		return err
	}
	if err := tally.EraseMembers(ctx, tx, communityID, memberIDs); err != nil {
		return err
	}
	return eraseAuthors(ctx, tx, communityID, memberIDs)
}
