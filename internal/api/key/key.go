package key

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
)

func (h *handlers) communityKeyRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/communities/{communityId}/api-keys", ID: "listApiKeys", Summary: "List API keys",
		Permissions: manageKeys,
		Description: "Newest first, including expired keys.",
	}, h.listKeys)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/communities/{communityId}/api-keys", ID: "createApiKey", Summary: "Create an API key",
		Permissions: manageKeys, Traits: api.Created | api.Secret,
		Description: "The key is shown only once. A key cannot have more permissions or a longer life than its creator, and at each request it is limited to the current permissions of its creator: 403 `key_maker_suspended` while they are suspended, 403 `key_maker_gone` after they have left, 403 `missing_permission` for permissions that they have lost. Keys created on the command line or by the owner of the installation are not limited. With an `Idempotency-Key` a second request is 409 `already_done` with the `_id`, because the key is not stored. A community has at most 200 keys: 409 `too_many_api_keys`.",
	}, h.createKey)
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/communities/{communityId}/api-keys/{keyId}", ID: "updateApiKey", Summary: "Update an API key",
		Permissions: manageKeys,
		Description: "Omitted fields are unchanged. Only its creator, the owners of the community and of the installation, and persons ranked above the creator may extend a key (`permissions`, expiry, `isActive`), and they need every permission of the changed key: otherwise 403 `rank_too_low` or `missing_permission`. Keys of the command line and of the owner rank as the owner; a creator that has left has no rank. An extended key remains limited to its creator. A key that changes keys has the rank of its own creator and its own permissions. `takeOver` makes you the creator and the only person to whom the key is limited: it requires every permission of the key and no rank. Removing `signIn` and `isActive: false` revoke the sign-in links of the key and the sessions that they started.",
	}, h.updateKey)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/communities/{communityId}/api-keys/{keyId}/rotate", ID: "rotateApiKey", Summary: "Rotate an API key",
		Permissions: manageKeys, Traits: api.Created | api.Secret,
		Description: "Creates a new secret for the same key; requires the right to extend it (`updateApiKey`). It is shown only once. The creator is unchanged. If another person rotates the key, even an owner, the new secret is also limited to the current permissions of that person (`boundBy`) and is rejected after they leave. If the creator has left, you become the creator. The previous secret remains valid for `overlapHours` (default 24) with its previous limits; another rotation revokes the oldest secret. Updates and deletion apply to both secrets. With an `Idempotency-Key` a second request is 409 `already_done` with the `_id`, because the secret is not stored.",
	}, h.rotateKey)
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/communities/{communityId}/api-keys/{keyId}", ID: "deleteApiKey", Summary: "Delete an API key",
		Permissions: manageKeys,
		Description: "Revokes both secrets at once, unused sign-in links of the key, and the sessions that they started.",
	}, h.deleteKey)
}

// APIKey is a key without its secret.
type APIKey struct {
	ID          string   `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Name        string   `json:"name" example:"Nightly import"`
	Hint        string   `json:"hint" example:"9f3b" doc:"The last four digits of the key."`
	Permissions []string `json:"permissions" nullable:"false"`
	Active      bool     `json:"isActive" doc:"false: requests with the key are rejected."`
	CreatedBy   string   `json:"createdBy,omitempty" example:"account:6a21d1c09f3b0c4d5e6f7a8b" doc:"The creator of a community's key: account:<_id>, or command. The key is limited to the creator's permissions."`
	BoundBy     []string `json:"boundBy,omitempty" nullable:"false" example:"account:6a21d1c09f3b0c4d5e6f7a8c" doc:"The other person that rotated the key. It is limited to that person's permissions too."`
	Idle        string   `json:"idle,omitempty" enum:"key_maker_gone,key_maker_suspended" doc:"The code that rejects every request with the key, because of its creator or a person in boundBy; absent: none."`
	CreatedAt   string   `json:"createdAt" format:"date-time"`
	UpdatedAt   string   `json:"updatedAt,omitempty" format:"date-time" doc:"Absent: never changed."`
	ExpireDate  string   `json:"expireDate,omitempty" format:"date-time" doc:"Absent: never."`
	LastUsedAt  string   `json:"lastUsedAt,omitempty" format:"date-time" doc:"Accurate to about a minute; absent: never."`
	OldUntil    string   `json:"oldKeyUntil,omitempty" format:"date-time" doc:"After a rotation, the time until which the previous secret is valid; absent: it is not."`
}

// newAPIKey is a key with its secret, in the only response that has it.
type newAPIKey struct {
	APIKey
	Key string `json:"key" doc:"64 hex digits. It is shown only once; only its hash is stored."`
}

func newKeyView(k access.Key) APIKey {
	names := api.Convert(k.Permissions, func(p actor.Permission) string { return string(p) })
	return APIKey{
		ID: k.ID, Name: k.Name, Hint: k.Hint, Permissions: names, Active: k.Active, CreatedAt: clock.Format(k.CreatedAt),
		CreatedBy: k.CreatedBy, BoundBy: k.LimitedBy, Idle: k.DisabledReason, UpdatedAt: clock.Format(k.UpdatedAt), ExpireDate: clock.Format(k.ExpiresAt), LastUsedAt: clock.Format(k.UsedAt),
		OldUntil: clock.Format(k.PreviousExpiresAt),
	}
}

// Input is the part of a body that describes a new key.
type Input struct {
	Name         string   `json:"name" example:"Nightly import" doc:"1 to 100 characters."`
	Permissions  []string `json:"permissions" nullable:"false" example:"bulkUpdateUser" doc:"* includes all permissions but signIn."`
	ExpirePeriod int      `json:"expirePeriod,omitempty" doc:"Days until it expires, 0: never."`
	ExpireDate   string   `json:"expireDate,omitempty" example:"2027-04-07" doc:"Instead of expirePeriod: YYYY-MM-DD (the end of that day in UTC) or RFC 3339."`
	Active       *bool    `json:"isActive,omitempty" doc:"Default true."`
}

func (in Input) input() access.KeyInput {
	return access.KeyInput{
		Name: in.Name, Permissions: permissions(in.Permissions), ExpirePeriod: in.ExpirePeriod, ExpireDate: in.ExpireDate,
		Inactive: in.Active != nil && !*in.Active,
	}
}

// Change is the part of a body that updates a key; nil fields are unchanged.
type Change struct {
	Name         *string  `json:"name,omitempty"`
	Permissions  []string `json:"permissions,omitempty" nullable:"false"`
	ExpirePeriod *int     `json:"expirePeriod,omitempty" doc:"Days from now, 0: never."`
	ExpireDate   *string  `json:"expireDate,omitempty" doc:"YYYY-MM-DD or RFC 3339; empty: never."`
	Active       *bool    `json:"isActive,omitempty"`
}

func (c Change) change() access.KeyChange {
	change := access.KeyChange{Name: c.Name, ExpirePeriod: c.ExpirePeriod, ExpireDate: c.ExpireDate, Active: c.Active}
	if c.Permissions != nil {
		change.Permissions = permissions(c.Permissions)
	}
	return change
}

func permissions(names []string) []actor.Permission {
	return api.Convert(names, func(name string) actor.Permission { return actor.Permission(name) })
}

// Path is the part of an input that names a key in the path.
type Path struct {
	KeyID string `path:"keyId" doc:"The _id of the key." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type newCommunityKey struct {
	wire.CommunityPath
	Body Input `nameHint:"NewApiKey"`
}

type communityKeyPath struct {
	wire.CommunityPath
	Path
}

type communityKeyChange struct {
	wire.CommunityPath
	Path
	Body struct {
		Change
		TakeOver bool `json:"takeOver,omitempty" doc:"true makes you the creator of the key; it requires all its permissions."`
	} `nameHint:"ApiKeyChange"`
}

func (h *handlers) listKeys(ctx context.Context, _ *wire.CommunityPath) (*api.Answer[[]APIKey], error) {
	keys, err := h.access.Keys(ctx, actor.FromContext(ctx), api.CommunityID(ctx))
	if err != nil {
		return nil, err
	}
	return api.Respond("API keys of the community", api.Convert(keys, newKeyView)), nil
}

func (h *handlers) createKey(ctx context.Context, in *newCommunityKey) (*api.Answer[newAPIKey], error) {
	created, secret, err := h.access.CreateKey(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Body.input())
	if err != nil {
		return nil, err
	}
	return api.Respond("API key created; copy it now", newAPIKey{newKeyView(created), secret}), nil
}

func (h *handlers) updateKey(ctx context.Context, in *communityKeyChange) (*api.Answer[APIKey], error) {
	change := in.Body.change()
	change.Transfer = in.Body.TakeOver
	changed, err := h.access.UpdateKey(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.KeyID, change)
	if err != nil {
		return nil, err
	}
	return api.Respond("API key updated", newKeyView(changed)), nil
}

type keyRotation struct {
	wire.CommunityPath
	Path
	Body *struct {
		OverlapHours *int `json:"overlapHours,omitempty" minimum:"0" maximum:"168" default:"24" doc:"Hours for which the previous secret remains valid; 0 revokes it at once."`
	} `nameHint:"ApiKeyRotation"`
}

// defaultOverlap is the time in hours for which a rotated secret remains valid.
const defaultOverlap = 24

func (h *handlers) rotateKey(ctx context.Context, in *keyRotation) (*api.Answer[newAPIKey], error) {
	hours := defaultOverlap
	if in.Body != nil && in.Body.OverlapHours != nil {
		hours = *in.Body.OverlapHours
	}
	rotated, secret, err := h.access.RotateKey(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.KeyID, time.Duration(hours)*time.Hour)
	if err != nil {
		return nil, err
	}
	return api.Respond("API key rotated; copy the new secret now", newAPIKey{newKeyView(rotated), secret}), nil
}

func (h *handlers) deleteKey(ctx context.Context, in *communityKeyPath) (*api.Answer[wire.Deleted], error) {
	if err := h.access.DeleteKey(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.KeyID); err != nil {
		return nil, err
	}
	return api.Respond("API key deleted", wire.Deleted{ID: in.KeyID}), nil
}
