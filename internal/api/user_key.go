package api

import (
	"context"
	"strconv"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
)

// UserAPIKey is a key of a person without its secret.
type UserAPIKey struct {
	APIKey
	Channels []string `json:"channels" nullable:"false" doc:"The _id of the only channels it may act in; empty: all."`
}

type newUserAPIKey struct {
	UserAPIKey
	Key string `json:"key" doc:"64 hex digits. It is shown this once; only its hash is kept."`
}

func wireUserKey(k access.Key) UserAPIKey {
	return UserAPIKey{wireKey(k), append([]string{}, k.Channels...)}
}

// OwnPath is the part of an address that names a person.
type OwnPath struct {
	UserID string `path:"userId" doc:"Your own _id or number." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type newUserKey struct {
	OwnPath
	Caller
	Body struct {
		KeyWish
		Password string   `json:"password,omitempty" doc:"Yours, unless you signed in within the last ten minutes or call with a key."`
		Code     string   `json:"code,omitempty" doc:"Of the authenticator app, or a recovery code, in the place of the password."`
		Channels []string `json:"channels,omitempty" nullable:"false" doc:"The _id of the only channels it may act in; absent: all."`
	} `nameHint:"NewUserApiKey"`
}

type userKeyPath struct {
	OwnPath
	KeyPath
}

type userKeyChange struct {
	OwnPath
	KeyPath
	Body struct {
		KeyChange
		Channels []string `json:"channels,omitempty" nullable:"false" doc:"The _id of the only channels it may act in; empty: all."`
	} `nameHint:"UserApiKeyChange"`
}

// self returns nil when a path names the person who asks. Everybody else is
// not found, whether they exist or not.
func (a *API) self(ctx context.Context, in OwnPath) error {
	actor := actor.FromContext(ctx)
	if in.UserID == actor.AccountID {
		return nil
	}
	person, err := a.Accounts.Account(ctx, actor.AccountID)
	if err == nil && in.UserID != strconv.FormatInt(person.Number, 10) {
		err = errs.New(errs.NotFound, "user_not_found", "These are your own keys: the path names you.")
	}
	return err
}

func (a *API) listUserKeys(ctx context.Context, in *OwnPath) (*answer[[]UserAPIKey], error) {
	if err := a.self(ctx, *in); err != nil {
		return nil, err
	}
	keys, err := a.Access.UserKeys(ctx, actor.FromContext(ctx).AccountID)
	if err != nil {
		return nil, err
	}
	return respond("Your API keys", convert(keys, wireUserKey)), nil
}

func (a *API) createUserKey(ctx context.Context, in *newUserKey) (*answer[newUserAPIKey], error) {
	if err := a.self(ctx, in.OwnPath); err != nil {
		return nil, err
	}
	wish := in.Body.input()
	wish.Channels = in.Body.Channels
	proof := account.Proof{Password: in.Body.Password, Code: in.Body.Code, Address: in.info.Address}
	made, secret, err := a.Access.CreateUserKey(ctx, actor.FromContext(ctx), proof, wish)
	if err != nil {
		return nil, err
	}
	return respond("API key created; copy it now", newUserAPIKey{wireUserKey(made), secret}), nil
}

func (a *API) updateUserKey(ctx context.Context, in *userKeyChange) (*answer[UserAPIKey], error) {
	if err := a.self(ctx, in.OwnPath); err != nil {
		return nil, err
	}
	change := in.Body.change()
	change.Channels = in.Body.Channels
	changed, err := a.Access.UpdateUserKey(ctx, actor.FromContext(ctx), in.KeyID, change)
	if err != nil {
		return nil, err
	}
	return respond("API key changed", wireUserKey(changed)), nil
}

func (a *API) deleteUserKey(ctx context.Context, in *userKeyPath) (*answer[deleted], error) {
	if err := a.self(ctx, in.OwnPath); err != nil {
		return nil, err
	}
	if err := a.Access.DeleteUserKey(ctx, actor.FromContext(ctx).AccountID, in.KeyID); err != nil {
		return nil, err
	}
	return respond("API key deleted", deleted{in.KeyID}), nil
}
