package auth

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Key is an API key of a community, without its secret.
type Key struct {
	CommunityID, ID string
	Name            string
	Hint            string // the last 4 digits of the secret
	Permissions     []Permission
	CreatedBy       string // Actor.Ref
	CreatedAt       int64  // Unix milliseconds
	ExpiresAt       int64  // Unix milliseconds, 0: never
	UsedAt          int64  // Unix milliseconds to about a minute, 0: never
}

// KeyInput is what a new key is made from.
type KeyInput struct {
	Name         string // 1 to 100 characters
	Permissions  []Permission
	ExpirePeriod int // days, 0: never
}

const (
	maxKeyName      = 100
	maxExpirePeriod = 3650
	hintSize        = 4
)

// CreateKey makes a key and returns its secret, which is not kept: 64 hex
// digits. The actor needs APIKeys; a key makes no key that may more than
// itself. It fails as Can does, or with Invalid "invalid_input".
func (a *Auth) CreateKey(ctx context.Context, actor Actor, communityID string, in KeyInput) (key Key, secret string, err error) {
	if err := a.Can(ctx, actor, communityID, APIKeys); err != nil {
		return Key{}, "", err
	}
	in, err = in.normal()
	if err != nil {
		return Key{}, "", err
	}
	if err := mayGrant(actor, in.Permissions); err != nil {
		return Key{}, "", err
	}
	now := a.clock.Now()
	secret = newSecret()
	key = Key{
		CommunityID: communityID, ID: id.New(now), Name: in.Name, Hint: secret[len(secret)-hintSize:],
		Permissions: in.Permissions, CreatedBy: actor.Ref(), CreatedAt: now.UnixMilli(),
	}
	if in.ExpirePeriod > 0 {
		key.ExpiresAt = now.AddDate(0, 0, in.ExpirePeriod).UnixMilli()
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error { return insertKey(ctx, tx, key, hashSecret(secret)) })
	if err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

// Keys returns the keys of a community, the newest first, expired ones too.
func (a *Auth) Keys(ctx context.Context, communityID string) ([]Key, error) {
	return listKeys(ctx, a.db, communityID)
}

// DeleteKey deletes a key, which stops working at once. It fails with NotFound
// "api_key_not_found".
func (a *Auth) DeleteKey(ctx context.Context, communityID, keyID string) error {
	deleted, err := deleteKey(ctx, a.db, communityID, keyID)
	if err == nil && !deleted {
		return errs.New(errs.NotFound, "api_key_not_found", "There is no such API key.")
	}
	return err
}

func (in KeyInput) normal() (KeyInput, error) {
	var wrong []errs.Field
	in.Name = norm.NFC.String(strings.TrimSpace(in.Name))
	length := utf8.RuneCountInString(in.Name)
	if length < 1 || length > maxKeyName || !utf8.ValidString(in.Name) || strings.ContainsFunc(in.Name, unicode.IsControl) {
		wrong = append(wrong, errs.Field{Field: "name", Code: "invalid", Message: "A name has 1 to 100 characters, none of them a control character."})
	}
	known, unknown := checkPermissions(in.Permissions)
	if len(in.Permissions) == 0 {
		unknown = append(unknown, errs.Field{Field: "permissions", Code: "required", Message: "A key has at least one permission."})
	}
	in.Permissions = known
	wrong = append(wrong, unknown...)
	if in.ExpirePeriod < 0 || in.ExpirePeriod > maxExpirePeriod {
		wrong = append(wrong, errs.Field{Field: "expirePeriod", Code: "invalid", Message: "A key expires after 1 to 3650 days, or never with 0."})
	}
	return in, errs.InvalidFields(wrong)
}

// mayGrant keeps a key from making one that may more than itself.
func mayGrant(actor Actor, asked []Permission) error {
	if actor.Kind != CommunityKey {
		return nil
	}
	for _, p := range asked {
		if !grants(actor.Permissions, p) {
			return errs.New(errs.Forbidden, "missing_permission", "An API key cannot give the permission %q, which it lacks itself.", p)
		}
	}
	return nil
}
