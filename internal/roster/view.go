package roster

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// View is a saved list of members.
type View struct {
	ID        string
	Name      string // unique among the person's views of the community, without case
	Query     string // query part of the address of the list
	CreatedAt int64  // Unix milliseconds
}

// Limits of what one person may save in one community.
const (
	maxViews     = 100
	maxViewQuery = 4_000 // bytes
)

// Views returns the views of the actor in a community, by name.
func (s *Roster) Views(ctx context.Context, caller actor.Actor, communityID string) ([]View, error) {
	personID, err := s.viewer(ctx, caller, communityID)
	if err != nil {
		return nil, err
	}
	return selectViews(ctx, s.db, communityID, personID)
}

// SaveView stores a view, and replaces the one with the same name. It fails
// with Invalid invalid_input or Conflict too_many_views.
func (s *Roster) SaveView(ctx context.Context, caller actor.Actor, communityID, name, query string) (View, error) {
	personID, err := s.viewer(ctx, caller, communityID)
	if err != nil {
		return View{}, err
	}
	name, ok := text.Line(text.Name(name), field.MaxName)
	now := s.clock.Now()
	v := View{ID: id.New(now), Name: name, Query: query, CreatedAt: now.UnixMilli()}
	if !ok || name == "" {
		return v, errs.InvalidFields([]errs.Field{{Field: "name", Code: "length", Message: "A view has a name of 1 to 50 characters."}})
	}
	if len(query) > maxViewQuery || !text.Readable(query, maxViewQuery) {
		return v, errs.InvalidFields([]errs.Field{{Field: "query", Code: "length", Message: "The query of the view is too long."}})
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

// DeleteView deletes a view. It fails with NotFound view_not_found.
func (s *Roster) DeleteView(ctx context.Context, caller actor.Actor, communityID, viewID string) error {
	personID, err := s.viewer(ctx, caller, communityID)
	if err != nil {
		return err
	}
	n, err := deleteView(ctx, s.db, communityID, personID, viewID)
	if err == nil && n == 0 {
		err = errs.Missing("view")
	}
	return err
}

// viewer checks that the actor may see members and returns the id under which the views of the actor are stored: of the
// member, or of the account for an owner of the installation without a
// membership.
func (s *Roster) viewer(ctx context.Context, caller actor.Actor, communityID string) (string, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.GetUserData); err != nil {
		return "", err
	}
	if caller.MemberID != "" {
		return caller.MemberID, nil
	}
	memberID, err := member.IDByAccount(ctx, s.db, communityID, caller.AccountID)
	return cmp.Or(memberID, caller.AccountID), err
}

func viewKey(name string) string { return strings.ToLower(name) }
