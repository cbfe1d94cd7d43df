package application

import (
	"context"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Feature describes the package to the application.
func (s *Applications) Feature() feature.Feature {
	return feature.Feature{Name: "progress/application", EraseMembers: EraseMembers, AuditVerbs: []audit.Verb{"badge_application.decide"}, Events: events}
}

// EraseMembers deletes the applications of members, and their names as moderators, in the
// caller's transaction; their pictures are deleted with the members. It is a
// roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	ids, err := idsOfMembers(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	if err := audit.Anonymise(ctx, tx, communityID, nil, ids); err != nil {
		return err
	}
	refs, err := member.ActorRefs(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	return eraseMembers(ctx, tx, communityID, memberIDs, refs)
}
