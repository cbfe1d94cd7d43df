package member

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// View is a list of members that a person has saved for themselves.
type View struct {
	ID        string
	Name      string // unique among the person's views of the community, without case
	Query     string // what is asked for, as the query of an address
	CreatedAt int64  // Unix milliseconds
}

// Limits of what one person may save in one community.
const (
	maxViews     = 100
	maxViewQuery = 4_000 // bytes
)

// Views returns a person's views of a community by name.
func (s *Members) Views(ctx context.Context, communityID string, actor actor.Actor) ([]View, error) {
	personID, err := s.viewer(ctx, communityID, actor)
	if err != nil {
		return nil, err
	}
	return selectViews(ctx, s.db, communityID, personID)
}

// SaveView keeps a view under a name, in place of the one that has the name
// already. It fails with Invalid invalid_input or Conflict too_many_views.
func (s *Members) SaveView(ctx context.Context, communityID string, actor actor.Actor, name, query string) (View, error) {
	name, ok := text.Line(text.Name(name), field.MaxName)
	now := s.clock.Now()
	v := View{ID: id.New(now), Name: name, Query: query, CreatedAt: now.UnixMilli()}
	if !ok || name == "" {
		return v, errs.InvalidFields([]errs.Field{{Field: "name", Code: "length", Message: "A view has a name of 1 to 50 characters."}})
	}
	if len(query) > maxViewQuery || !text.Readable(query, maxViewQuery) {
		return v, errs.InvalidFields([]errs.Field{{Field: "query", Code: "length", Message: "The view asks for too much at once."}})
	}
	personID, err := s.viewer(ctx, communityID, actor)
	if err != nil {
		return v, err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		views, err := selectViews(ctx, tx, communityID, personID)
		if err != nil {
			return err
		}
		known := slices.ContainsFunc(views, func(old View) bool { return viewKey(old.Name) == viewKey(name) })
		if len(views) >= maxViews && !known {
			return errs.New(errs.Conflict, "too_many_views", "You have %d views already. Delete one that you do not need.", maxViews)
		}
		return upsertView(ctx, tx, communityID, personID, v)
	})
	return v, err
}

// DeleteView forgets a view. It fails with NotFound view_not_found.
func (s *Members) DeleteView(ctx context.Context, communityID string, actor actor.Actor, viewID string) error {
	personID, err := s.viewer(ctx, communityID, actor)
	if err != nil {
		return err
	}
	n, err := deleteView(ctx, s.db, communityID, personID, viewID)
	if err == nil && n == 0 {
		err = errs.New(errs.NotFound, "view_not_found", "There is no such view.")
	}
	return err
}

// viewer is whose views the actor sees: those of their member, or of the account
// of an owner of the installation who is no member.
func (s *Members) viewer(ctx context.Context, communityID string, actor actor.Actor) (string, error) {
	if actor.MemberID != "" {
		return actor.MemberID, nil
	}
	memberID, err := memberIDOf(ctx, s.db, communityID, actor.AccountID)
	return cmp.Or(memberID, actor.AccountID), err
}

func viewKey(name string) string { return strings.ToLower(name) }
