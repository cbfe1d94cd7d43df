package api

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
)

// APIKey is a key without its secret.
type APIKey struct { //nolint:revive // its name is the schema's
	ID          string   `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Name        string   `json:"name" example:"Nightly import"`
	Hint        string   `json:"hint" example:"9f3b" doc:"The last four digits of the key."`
	Permissions []string `json:"permissions" nullable:"false"`
	Active      bool     `json:"isActive" doc:"A key that is not is refused."`
	CreatedBy   string   `json:"createdBy,omitempty" example:"account:6a21d1c09f3b0c4d5e6f7a8b" doc:"Of a community's key, its creator: account:<_id>, or command. It never does more than they may do."`
	BoundBy     []string `json:"boundBy,omitempty" nullable:"false" example:"account:6a21d1c09f3b0c4d5e6f7a8c" doc:"Of a key that another person rotated: that person. The key does no more than they may do either."`
	Idle        string   `json:"idle,omitempty" enum:"key_maker_gone,key_maker_suspended" doc:"The code with which every request with the key is refused, because of its creator or a person in boundBy; absent: none."`
	CreatedAt   string   `json:"createdAt" format:"date-time"`
	UpdatedAt   string   `json:"updatedAt,omitempty" format:"date-time" doc:"Absent: never changed."`
	ExpireDate  string   `json:"expireDate,omitempty" format:"date-time" doc:"Absent: never."`
	LastUsedAt  string   `json:"lastUsedAt,omitempty" format:"date-time" doc:"To about a minute; absent: never."`
	OldUntil    string   `json:"oldKeyUntil,omitempty" format:"date-time" doc:"After a rotation, how long the previous secret works; absent: it does not."`
}

// newAPIKey is a key with its secret, this one time.
type newAPIKey struct {
	APIKey
	Key string `json:"key" doc:"64 hex digits. It is shown this once; only its hash is kept."`
}

func wireKey(k access.Key) APIKey {
	names := convert(k.Permissions, func(p actor.Permission) string { return string(p) })
	return APIKey{
		ID: k.ID, Name: k.Name, Hint: k.Hint, Permissions: names, Active: k.Active, CreatedAt: clock.Format(k.CreatedAt),
		CreatedBy: k.CreatedBy, BoundBy: k.BoundBy, Idle: k.DisabledReason, UpdatedAt: clock.Format(k.UpdatedAt), ExpireDate: clock.Format(k.ExpiresAt), LastUsedAt: clock.Format(k.UsedAt),
		OldUntil: clock.Format(k.OldUntil),
	}
}

// KeyWish is what a new key is to be.
type KeyWish struct {
	Name         string   `json:"name" example:"Nightly import" doc:"1 to 100 characters."`
	Permissions  []string `json:"permissions" nullable:"false" example:"bulkUpdateUser" doc:"What it may do; * is all but signIn."`
	ExpirePeriod int      `json:"expirePeriod,omitempty" doc:"Days until it expires, 0: never."`
	ExpireDate   string   `json:"expireDate,omitempty" example:"2027-04-07" doc:"In the place of expirePeriod: YYYY-MM-DD, to the end of that day in UTC, or RFC 3339."`
	Active       *bool    `json:"isActive,omitempty" doc:"Default true."`
}

func (w KeyWish) input() access.KeyInput {
	return access.KeyInput{
		Name: w.Name, Permissions: permissions(w.Permissions), ExpirePeriod: w.ExpirePeriod, ExpireDate: w.ExpireDate,
		Inactive: w.Active != nil && !*w.Active,
	}
}

// KeyChange is what becomes of a key; what is absent stays as it is.
type KeyChange struct {
	Name         *string  `json:"name,omitempty"`
	Permissions  []string `json:"permissions,omitempty" nullable:"false"`
	ExpirePeriod *int     `json:"expirePeriod,omitempty" doc:"Days from now, 0: never."`
	ExpireDate   *string  `json:"expireDate,omitempty" doc:"YYYY-MM-DD or RFC 3339; empty: never."`
	Active       *bool    `json:"isActive,omitempty"`
}

func (c KeyChange) change() access.KeyChange {
	change := access.KeyChange{Name: c.Name, ExpirePeriod: c.ExpirePeriod, ExpireDate: c.ExpireDate, Active: c.Active}
	if c.Permissions != nil {
		change.Permissions = permissions(c.Permissions)
	}
	return change
}

func permissions(names []string) []actor.Permission {
	return convert(names, func(name string) actor.Permission { return actor.Permission(name) })
}

// KeyPath is the part of an address that names a key.
type KeyPath struct {
	KeyID string `path:"keyId" doc:"The _id of the key." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type newCommunityKey struct {
	CommunityPath
	Body KeyWish `nameHint:"NewApiKey"`
}

type communityKeyPath struct {
	CommunityPath
	KeyPath
}

type communityKeyChange struct {
	CommunityPath
	KeyPath
	Body struct {
		KeyChange
		TakeOver bool `json:"takeOver,omitempty" doc:"true: you become the creator of the key, which needs every permission of it."`
	} `nameHint:"ApiKeyChange"`
}

func (a *API) listKeys(ctx context.Context, _ *CommunityPath) (*answer[[]APIKey], error) {
	keys, err := a.Access.Keys(ctx, here(ctx))
	if err != nil {
		return nil, err
	}
	return respond("API keys of the community", convert(keys, wireKey)), nil
}

func (a *API) createKey(ctx context.Context, in *newCommunityKey) (*answer[newAPIKey], error) {
	made, secret, err := a.Access.CreateKey(ctx, actor.FromContext(ctx), here(ctx), in.Body.input())
	if err != nil {
		return nil, err
	}
	return respond("API key created; copy it now", newAPIKey{wireKey(made), secret}), nil
}

func (a *API) updateKey(ctx context.Context, in *communityKeyChange) (*answer[APIKey], error) {
	change := in.Body.change()
	change.Transfer = in.Body.TakeOver
	changed, err := a.Access.UpdateKey(ctx, actor.FromContext(ctx), here(ctx), in.KeyID, change)
	if err != nil {
		return nil, err
	}
	return respond("API key changed", wireKey(changed)), nil
}

type keyRotation struct {
	CommunityPath
	KeyPath
	Body *struct {
		OverlapHours *int `json:"overlapHours,omitempty" minimum:"0" maximum:"168" default:"24" doc:"How many hours the previous secret works; 0: it ends at once."`
	} `nameHint:"ApiKeyRotation"`
}

// defaultOverlap is how many hours the previous secret of a rotated key works.
const defaultOverlap = 24

func (a *API) rotateKey(ctx context.Context, in *keyRotation) (*answer[newAPIKey], error) {
	hours := defaultOverlap
	if in.Body != nil && in.Body.OverlapHours != nil {
		hours = *in.Body.OverlapHours
	}
	rotated, secret, err := a.Access.RotateKey(ctx, actor.FromContext(ctx), here(ctx), in.KeyID, time.Duration(hours)*time.Hour)
	if err != nil {
		return nil, err
	}
	return respond("API key rotated; copy the new secret now", newAPIKey{wireKey(rotated), secret}), nil
}

func (a *API) deleteKey(ctx context.Context, in *communityKeyPath) (*answer[deleted], error) {
	if err := a.Access.DeleteKey(ctx, here(ctx), in.KeyID); err != nil {
		return nil, err
	}
	return respond("API key deleted", deleted{in.KeyID}), nil
}
