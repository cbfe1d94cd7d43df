package key

import (
	"context"
	"strconv"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/errs"
)

func (h *handlers) userKeyRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/users/{userId}/api-keys", ID: "listUserApiKeys", Summary: "List your user API keys",
		Permissions: manageKeys, Traits: api.PerUser,
		Description: "Newest first, including expired keys.",
	}, h.listUserKeys)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users/{userId}/api-keys", ID: "createUserApiKey", Summary: "Create a user API key",
		Permissions: manageKeys, Traits: api.PerUser | api.Created | api.Secret,
		Description: "The key acts for you in all your communities, with those of its permissions that you have there. It is shown only once, and is revoked by a new password and by signing out everywhere. " +
			"In a session, send `password` or `code` unless you signed in within the last ten minutes: 403 `proof_required`. The email address of the account must be verified: 403 `email_not_verified`. " +
			"With an `Idempotency-Key` a second request is 409 `already_done` with the `_id`, because the key is not stored. An account has at most 50 keys: 409 `too_many_api_keys`.",
	}, h.createUserKey)
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/users/{userId}/api-keys/{keyId}", ID: "updateUserApiKey", Summary: "Update a user API key",
		Permissions: manageKeys, Traits: api.PerUser,
		Description: "Omitted fields are unchanged.",
	}, h.updateUserKey)
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/users/{userId}/api-keys/{keyId}", ID: "deleteUserApiKey", Summary: "Delete a user API key",
		Permissions: manageKeys, Traits: api.PerUser,
		Description: "Revokes the key at once.",
	}, h.deleteUserKey)
}

// UserAPIKey is a key of a person without its secret.
type UserAPIKey struct {
	APIKey
	Channels []string `json:"channels" nullable:"false" doc:"The _ids of the only channels in which it is valid; empty: all."`
}

type newUserAPIKey struct {
	UserAPIKey
	Key string `json:"key" doc:"64 hex digits. It is shown only once; only its hash is stored."`
}

func newUserKeyView(k access.Key) UserAPIKey {
	return UserAPIKey{newKeyView(k), append([]string{}, k.Channels...)}
}

// OwnPath is the part of an input that names the caller in the path.
type OwnPath struct {
	UserID string `path:"userId" doc:"Your own _id or number." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type newUserKey struct {
	OwnPath
	api.Client
	Body struct {
		Input
		Password string   `json:"password,omitempty" doc:"Your password. Not required within ten minutes of the sign-in, or with a key."`
		Code     string   `json:"code,omitempty" doc:"A code of the authenticator app, or a recovery code, instead of the password."`
		Channels []string `json:"channels,omitempty" nullable:"false" doc:"The _ids of the only channels in which it is valid; absent: all."`
	} `nameHint:"NewUserApiKey"`
}

type userKeyPath struct {
	OwnPath
	Path
}

type userKeyChange struct {
	OwnPath
	Path
	Body struct {
		Change
		Channels []string `json:"channels,omitempty" nullable:"false" doc:"The _ids of the only channels in which it is valid; empty: all."`
	} `nameHint:"UserApiKeyChange"`
}

// checkSelf returns nil if the path names the caller. All others are NotFound,
// even if they exist.
func (h *handlers) checkSelf(ctx context.Context, in OwnPath) error {
	actor := actor.FromContext(ctx)
	if in.UserID == actor.AccountID {
		return nil
	}
	person, err := h.accounts.Account(ctx, actor.AccountID)
	if err == nil && in.UserID != strconv.FormatInt(person.Number, 10) {
		err = errs.New(errs.NotFound, "user_not_found", "The path must name your own account.")
	}
	return err
}

func (h *handlers) listUserKeys(ctx context.Context, in *OwnPath) (*api.Answer[[]UserAPIKey], error) {
	if err := h.checkSelf(ctx, *in); err != nil {
		return nil, err
	}
	keys, err := h.access.UserKeys(ctx, actor.FromContext(ctx))
	if err != nil {
		return nil, err
	}
	return api.Respond("Your API keys", api.Convert(keys, newUserKeyView)), nil
}

func (h *handlers) createUserKey(ctx context.Context, in *newUserKey) (*api.Answer[newUserAPIKey], error) {
	if err := h.checkSelf(ctx, in.OwnPath); err != nil {
		return nil, err
	}
	input := in.Body.input()
	input.Channels = in.Body.Channels
	proof := account.Proof{Password: in.Body.Password, Code: in.Body.Code, Address: in.SessionInfo().Address}
	created, secret, err := h.access.CreateUserKey(ctx, actor.FromContext(ctx), proof, input)
	if err != nil {
		return nil, err
	}
	return api.Respond("API key created; copy it now", newUserAPIKey{newUserKeyView(created), secret}), nil
}

func (h *handlers) updateUserKey(ctx context.Context, in *userKeyChange) (*api.Answer[UserAPIKey], error) {
	if err := h.checkSelf(ctx, in.OwnPath); err != nil {
		return nil, err
	}
	change := in.Body.change()
	change.Channels = in.Body.Channels
	changed, err := h.access.UpdateUserKey(ctx, actor.FromContext(ctx), in.KeyID, change)
	if err != nil {
		return nil, err
	}
	return api.Respond("API key updated", newUserKeyView(changed)), nil
}

func (h *handlers) deleteUserKey(ctx context.Context, in *userKeyPath) (*api.Answer[wire.Deleted], error) {
	if err := h.checkSelf(ctx, in.OwnPath); err != nil {
		return nil, err
	}
	if err := h.access.DeleteUserKey(ctx, actor.FromContext(ctx), in.KeyID); err != nil {
		return nil, err
	}
	return api.Respond("API key deleted", wire.Deleted{ID: in.KeyID}), nil
}
