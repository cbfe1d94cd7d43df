package access

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// MayCreateCommunity returns nil when the actor, a person, may make
// communities here, else Forbidden "creation_closed" or "limited_session".
func (a *Access) MayCreateCommunity(actor actor.Actor) error {
	if err := actor.RequireUnlimited(); err != nil {
		return err
	}
	if a.communities.Rules().OwnerOnly && !actor.InstallationOwner {
		return errs.New(errs.Forbidden, "creation_closed", "Only the owner of this installation makes communities.")
	}
	return nil
}

// CreateCommunity makes a community, which the actor, a person, owns. It fails
// with Forbidden "creation_closed" or "limited_session", Invalid
// "invalid_input" or Conflict "too_many_communities".
func (a *Access) CreateCommunity(ctx context.Context, caller actor.Actor, in community.Input) (community.Community, error) {
	if err := a.MayCreateCommunity(caller); err != nil {
		return community.Community{}, err
	}
	return a.communities.Create(actor.NewContext(ctx, caller), in)
}

// suspended is why a member may do nothing for a while.
func suspended(until int64) error {
	return errs.New(errs.Forbidden, "suspended", "You are suspended in this community until %s.", clock.Format(until)).
		WithFields(errs.Field{Field: "until", Code: "suspended", Message: time.UnixMilli(until).UTC().Format(time.RFC3339)})
}

// noteSettings writes down which settings somebody changed.
func noteSettings(ctx context.Context, tx *sqldb.Tx, old, changed community.Community) error {
	changes, err := settingChanges(old, changed)
	if err != nil || len(changes) == 0 {
		return err
	}
	target := audit.Target{Type: "community", ID: changed.ID, Name: changed.Name}
	return audit.Record(ctx, tx, changed.UpdatedAt, changed.ID, "community.update", target, changes...)
}

// settingChanges compares two states of a community setting by setting.
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
