package access

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// CanCreateCommunity returns nil if the actor, a person, may create communities,
// otherwise Forbidden "creation_closed" or "limited_session".
func (a *Access) CanCreateCommunity(caller actor.Actor) error {
	if err := caller.RequireUnlimited(); err != nil {
		return err
	}
	if a.communities.OwnerOnly() && !caller.InstallationOwner {
		return errs.New(errs.Forbidden, "creation_closed", "Only the owner of this installation can create communities.")
	}
	return nil
}

// CreateCommunity creates a community owned by the actor, a person. It fails
// with Forbidden "creation_closed" or "limited_session", Invalid "invalid_input"
// or Conflict "too_many_communities".
func (a *Access) CreateCommunity(ctx context.Context, caller actor.Actor, in community.Input) (community.Community, error) {
	if err := a.CanCreateCommunity(caller); err != nil {
		return community.Community{}, err
	}
	return a.communities.Create(ctx, in, caller)
}

// UpdateCommunity changes the name and the settings of a community. The actor
// needs ManageCommunity; for a change of the word lists alone, Moderate is enough. It
// fails as Can and community.Update do.
func (a *Access) UpdateCommunity(ctx context.Context, caller actor.Actor, communityID string, change community.Change) (community.Community, error) {
	needs := []actor.Permission{permission.ManageCommunity}
	if change.OnlyWords() {
		needs = append(needs, permission.Moderate)
	}
	if err := a.CanAny(ctx, caller, communityID, needs...); err != nil {
		return community.Community{}, err
	}
	return a.communities.Update(ctx, communityID, change, caller)
}

// AuditLog returns a page of the audit log of a community, see audit.List. The
// actor needs PermManageCommunity.
func (a *Access) AuditLog(ctx context.Context, caller actor.Actor, communityID string, f audit.Filter) ([]audit.Entry, string, error) {
	if err := a.Can(ctx, caller, communityID, permission.ManageCommunity); err != nil {
		return nil, "", err
	}
	return audit.List(ctx, a.db, communityID, f)
}

// AuditActors returns the actors in the audit log of a community, see
// audit.Actors. The actor needs PermManageCommunity.
func (a *Access) AuditActors(ctx context.Context, caller actor.Actor, communityID string) ([]audit.Actor, error) {
	if err := a.Can(ctx, caller, communityID, permission.ManageCommunity); err != nil {
		return nil, err
	}
	return audit.Actors(ctx, a.db, communityID)
}

// OnCommunityCreated is a community.CreateHook: the community gets the role @all,
// and its creation is audited. It returns Forbidden "person_required" if an API
// key enables openBulkImport.
func OnCommunityCreated(ctx context.Context, tx *sqldb.Tx, by actor.Actor, created community.Community) error {
	if err := requirePersonForOpenImport(by, community.Settings{}, created.Settings); err != nil {
		return err
	}
	if err := EnsureEveryoneRole(ctx, tx, created.ID); err != nil {
		return err
	}
	if by.Kind == actor.Anonymous {
		return nil // created while the installation is set up
	}
	return audit.Record(ctx, tx, by, created.CreatedAt, created.ID, "community.create", audit.Target{Type: "community", ID: created.ID, Name: created.Name})
}

// OnCommunityChanged is a community.ChangeHook that audits changed settings. It
// returns Forbidden "person_required" if an API key enables openBulkImport.
func OnCommunityChanged(ctx context.Context, tx *sqldb.Tx, by actor.Actor, old, changed community.Community) error {
	if err := requirePersonForOpenImport(by, old.Settings, changed.Settings); err != nil {
		return err
	}
	changes, err := community.Changes(old, changed)
	if err != nil || len(changes) == 0 {
		return err
	}
	target := audit.Target{Type: "community", ID: changed.ID, Name: changed.Name}
	return audit.Record(ctx, tx, by, changed.UpdatedAt, changed.ID, "community.update", target, changes...)
}

// requirePersonForOpenImport returns Forbidden "person_required" if an API key
// enables openBulkImport.
func requirePersonForOpenImport(by actor.Actor, old, changed community.Settings) error {
	if old.OpenBulkImport || !changed.OpenBulkImport || by.Kind != actor.CommunityKey && by.Kind != actor.UserKey {
		return nil
	}
	return errs.New(errs.Forbidden, "person_required", "An API key cannot enable openBulkImport. Sign in or use the command line.")
}
