package access

import (
	"context"
	"encoding/json"
	"reflect"

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
	if a.communities.Rules().OwnerOnly && !caller.InstallationOwner {
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
	return a.communities.Create(actor.NewContext(ctx, caller), in)
}

// auditSettings records changed settings in the audit log.
func auditSettings(ctx context.Context, tx *sqldb.Tx, old, changed community.Community) error {
	changes, err := settingChanges(old, changed)
	if err != nil || len(changes) == 0 {
		return err
	}
	target := audit.Target{Type: "community", ID: changed.ID, Name: changed.Name}
	return audit.Record(ctx, tx, changed.UpdatedAt, changed.ID, "community.update", target, changes...)
}

// settingChanges returns the settings that differ.
func settingChanges(old, changed community.Community) (changes []audit.Change, err error) {
	if old.Name != changed.Name {
		changes = append(changes, audit.Change{Field: "name", Old: old.Name, New: changed.Name})
	}
	before, err := settingsByName(old.Settings)
	if err != nil {
		return nil, err
	}
	after, err := settingsByName(changed.Settings)
	if err != nil {
		return nil, err
	}
	fields := reflect.TypeFor[community.Settings]()
	for i := range fields.NumField() {
		name := fields.Field(i).Tag.Get("json")
		if !reflect.DeepEqual(before[name], after[name]) {
			changes = append(changes, audit.Change{Field: name, Old: before[name], New: after[name]})
		}
	}
	return changes, nil
}

func settingsByName(s community.Settings) (map[string]any, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	return all, json.Unmarshal(text, &all)
}

// requirePersonForOpenImport returns Forbidden "person_required" if an API key
// enables openBulkImport.
func requirePersonForOpenImport(ctx context.Context, _ *sqldb.Tx, old, changed community.Community) error {
	kind := actor.FromContext(ctx).Kind
	if old.Settings.OpenBulkImport || !changed.Settings.OpenBulkImport || kind != actor.CommunityKey && kind != actor.UserKey {
		return nil
	}
	return errs.New(errs.Forbidden, "person_required", "An API key cannot enable openBulkImport. Sign in or use the command line.")
}

func requirePersonForOpenCommunity(ctx context.Context, tx *sqldb.Tx, created community.Community) error {
	return requirePersonForOpenImport(ctx, tx, community.Community{}, created)
}
