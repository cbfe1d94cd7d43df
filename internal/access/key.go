package access

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Key is an API key of a community or of a person, without its secret.
type Key struct {
	CommunityID       string // "" for a person's key
	AccountID         string // of a person's key, "" for a community's
	ID                string
	Name              string
	Hint              string // the last 4 digits of the secret
	Permissions       []actor.Permission
	Channels          []string // of a person's key: the only channels it may act in; empty: all
	Active            bool     // false: rejected until enabled again
	CreatedBy         string   // Actor.Ref of the creator of a community's key, the bound of its authority
	DisabledReason    string   // of a community's key without effect: the code of the error it gets
	CreatedAt         int64    // Unix milliseconds
	UpdatedAt         int64    // Unix milliseconds, 0: never changed
	ExpiresAt         int64    // Unix milliseconds, 0: never
	UsedAt            int64    // Unix milliseconds to about a minute, 0: never
	LimitedBy         []string // Actor.Ref of the other persons that bound the secret
	PreviousLimitedBy []string // LimitedBy of the secret before the last rotation
	PreviousExpiresAt int64    // end of the secret before the last rotation, Unix milliseconds; 0: ended
}

const hintSize = 4

// Limits of keys, expired ones too: lists are not paged, and a faulty program
// must not fill the database.
const (
	maxKeys     = 200 // of a community
	maxUserKeys = 50  // of a person
)

// requireKeyCapacity returns Conflict "too_many_api_keys" if the owner, a
// community or an account, has limit keys. It locks the owner's keys until the
// transaction ends.
func requireKeyCapacity(ctx context.Context, tx *sqldb.Tx, owner string, limit int, count func(context.Context, sqldb.Querier, string) (int, error)) error {
	if err := tx.LockExclusive(ctx, "api_keys "+owner); err != nil {
		return err
	}
	n, err := count(ctx, tx, owner)
	if err == nil && n >= limit {
		err = errs.New(errs.Conflict, "too_many_api_keys", "The limit of %d API keys is reached. Delete an unused key first.", limit)
	}
	return err
}

// CreateKey creates a key and returns its secret, 64 hex digits, which is not
// stored. The actor needs PermAPIKeys, every permission of the key, and a
// lifetime at least as long. It fails as Can does, with Invalid "invalid_input",
// or with Conflict "too_many_api_keys".
func (a *Access) CreateKey(ctx context.Context, caller actor.Actor, communityID string, in KeyInput) (key Key, secret string, err error) {
	if err := a.Can(ctx, caller, communityID, permission.APIKeys); err != nil {
		return Key{}, "", err
	}
	in.Channels = nil
	key, secret, err = a.newKey(in)
	if err != nil {
		return Key{}, "", err
	}
	key.CommunityID, key.CreatedBy, key.LimitedBy = communityID, caller.Principal(), caller.LimitedBy
	if err := a.requireGrantable(ctx, caller, key); err != nil {
		return Key{}, "", err
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := requireKeyCapacity(ctx, tx, communityID, maxKeys, countKeys); err != nil {
			return err
		}
		if err := insertKey(ctx, tx, key, account.HashToken(secret)); err != nil {
			return err
		}
		return audit.Record(ctx, tx, caller, key.CreatedAt, communityID, "api_key.create", key.target(),
			audit.Change{Field: "permissions", New: key.Permissions}, audit.Change{Field: "expiresAt", New: key.ExpiresAt})
	})
	if err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

// newKey returns the key of an input, with a new secret.
func (a *Access) newKey(in KeyInput) (Key, string, error) {
	now, secret := a.clock.Now(), account.NewToken()
	in, expiresAt, err := in.validate(now)
	return Key{
		ID: id.New(now), Name: in.Name, Hint: secret[len(secret)-hintSize:], Permissions: in.Permissions, Channels: in.Channels,
		Active: !in.Inactive, CreatedAt: now.UnixMilli(), ExpiresAt: expiresAt,
	}, secret, err
}

func (k Key) target() audit.Target { return audit.Target{Type: "api_key", ID: k.ID, Name: k.Name} }

// keyReaders are the permissions that show the names of keys; one of them
// suffices.
var keyReaders = []actor.Permission{permission.APIKeys, permission.ManageCommunity, permission.GetUserData}

// Keys returns the keys of a community, the newest first, expired ones too.
func (a *Access) Keys(ctx context.Context, caller actor.Actor, communityID string) ([]Key, error) {
	if err := a.CanAny(ctx, caller, communityID, keyReaders...); err != nil {
		return nil, err
	}
	keys, err := listKeys(ctx, a.db, communityID)
	if err != nil {
		return nil, err
	}
	for i := range keys {
		keys[i] = keys[i].current(a.clock.MS())
	}
	return keys, a.setDisabledReasons(ctx, communityID, keys)
}

// Key returns a key of a community, or NotFound "api_key_not_found".
func (a *Access) Key(ctx context.Context, caller actor.Actor, communityID, keyID string) (Key, error) {
	if err := a.Can(ctx, caller, communityID, permission.APIKeys); err != nil {
		return Key{}, err
	}
	key, err := loadKey(ctx, a.db, communityID, keyID, "")
	if err == nil {
		key = key.current(a.clock.MS())
		key.DisabledReason, err = a.disabledReason(ctx, communityID, key)
	}
	return key, err
}

// UpdateKey applies change to a key. The actor needs PermAPIKeys; a change that
// widens the key also needs requireWidenable. With Transfer the actor becomes
// the creator, which requires every permission of the key and no rank. It fails
// as CreateKey does, with NotFound "api_key_not_found" or Forbidden
// "rank_too_low".
func (a *Access) UpdateKey(ctx context.Context, caller actor.Actor, communityID, keyID string, change KeyChange) (Key, error) {
	if err := a.Can(ctx, caller, communityID, permission.APIKeys); err != nil {
		return Key{}, err
	}
	change.Channels = nil
	now := a.clock.Now()
	var key Key
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		old, err := loadKey(ctx, tx, communityID, keyID, tx.Dialect().Lock())
		if err != nil {
			return err
		}
		if key, err = change.apply(old, now); err != nil {
			return err
		}
		if key, err = a.authorizeUpdate(ctx, tx, caller, old, key, change.Transfer); err != nil {
			return err
		}
		if err := updateKey(ctx, tx, key); err != nil {
			return err
		}
		if old.signsIn() && !key.signsIn() {
			if err := session.DeleteOfKeys(ctx, tx, []string{key.ID}); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, caller, key.UpdatedAt, communityID, "api_key.update", key.target(), keyChanges(old, key)...)
	})
	if err != nil {
		return Key{}, err
	}
	key = key.current(now.UnixMilli())
	key.DisabledReason, err = a.disabledReason(ctx, communityID, key)
	return key, err
}

// DeleteKey deletes a key, its sign-in links and the sessions they started. The
// actor needs PermAPIKeys. It fails as Can does, with NotFound
// "api_key_not_found", or Forbidden "missing_permission" or "outlives_maker" for
// an actor that is a key with fewer permissions.
func (a *Access) DeleteKey(ctx context.Context, caller actor.Actor, communityID, keyID string) error {
	if err := a.Can(ctx, caller, communityID, permission.APIKeys); err != nil {
		return err
	}
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		key, err := loadKey(ctx, tx, communityID, keyID, tx.Dialect().Lock())
		if err != nil {
			return err
		}
		if err := requireWithinKey(caller, key); err != nil {
			return err
		}
		if err := session.DeleteOfKeys(ctx, tx, []string{keyID}); err != nil {
			return err
		}
		if err := deleteKey(ctx, tx, communityID, keyID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, caller, a.clock.MS(), communityID, "api_key.delete", key.target())
	})
}

// requireGrantable returns nil if the actor may create the key: it has every
// permission of the key and lives at least as long. Otherwise it fails as Can
// does.
func (a *Access) requireGrantable(ctx context.Context, caller actor.Actor, key Key) error {
	return a.requireGrantableIn(ctx, a.db, caller, key)
}

func (a *Access) requireGrantableIn(ctx context.Context, q sqldb.Querier, caller actor.Actor, key Key) error {
	if err := requireWithinKey(caller, key); err != nil {
		return err
	}
	if caller.Kind != actor.Session && caller.Kind != actor.UserKey || key.CommunityID == "" {
		return nil
	}
	granted, err := a.activeGrants(ctx, q, caller, key.CommunityID)
	if err != nil {
		return err
	}
	for _, p := range key.Permissions {
		if !granted.allow(p) {
			return errs.New(errs.Forbidden, "missing_permission", "You cannot grant the permission %q: your roles lack it.", p)
		}
	}
	return nil
}

// requireWithinKey returns Forbidden "missing_permission" or "outlives_maker" if
// caller is a key with fewer permissions or channels or a shorter lifetime than
// key.
func requireWithinKey(caller actor.Actor, key Key) error {
	if caller.Kind != actor.CommunityKey && caller.Kind != actor.UserKey {
		return nil
	}
	for _, p := range key.Permissions {
		if !actor.Grants(caller.Permissions, p) {
			return errs.New(errs.Forbidden, "missing_permission", "An API key cannot grant the permission %q, which it lacks itself.", p)
		}
	}
	if caller.ExpiresAt != 0 && (key.ExpiresAt == 0 || key.ExpiresAt > caller.ExpiresAt) {
		return errs.New(errs.Forbidden, "outlives_maker", "An API key cannot create a key that expires after itself. Set an earlier expireDate.")
	}
	if len(caller.Channels) == 0 {
		return nil
	}
	for _, channel := range key.Channels {
		if !caller.InChannel(channel) {
			return errs.New(errs.Forbidden, "missing_permission", "An API key cannot create a key for channels outside its own.")
		}
	}
	if len(key.Channels) == 0 {
		return errs.New(errs.Forbidden, "missing_permission", "An API key limited to some channels cannot create a key for all channels.")
	}
	return nil
}

// MaxOverlap bounds how long the previous secret of a rotated key works.
const MaxOverlap = 168 * time.Hour

// current returns the key without a previous secret that has ended; now is in
// Unix milliseconds.
func (k Key) current(now int64) Key {
	if k.PreviousExpiresAt <= now {
		k.PreviousExpiresAt = 0
	}
	return k
}

func (k Key) signsIn() bool { return k.Active && slices.Contains(k.Permissions, actor.PermSignIn) }

// widens reports whether changed has more permissions than old, a longer
// lifetime, or is enabled again.
func widens(old, changed Key) bool {
	longer := old.ExpiresAt != 0 && (changed.ExpiresAt == 0 || changed.ExpiresAt > old.ExpiresAt)
	again := changed.Active && !old.Active
	return longer || again || slices.ContainsFunc(changed.Permissions, func(p actor.Permission) bool { return !actor.Grants(old.Permissions, p) })
}

// authorizeUpdate returns the key to store, or the reason that the actor may not
// replace old with changed. A key cannot change a key with more permissions.
func (a *Access) authorizeUpdate(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, old, changed Key, transfer bool) (Key, error) {
	var err error
	switch {
	case transfer:
		changed.CreatedBy, changed.LimitedBy, changed.PreviousLimitedBy = caller.Principal(), caller.LimitedBy, caller.LimitedBy
		err = a.requireGrantableIn(ctx, tx, caller, changed)
	case widens(old, changed):
		_, err = a.requireWidenable(ctx, tx, caller, changed)
	}
	if err == nil {
		err = requireWithinKey(caller, old)
	}
	return changed, err
}

// requireWidenable returns nil if the actor may widen a key or get a secret of
// it: with every permission of the key, and as its creator, as an owner of the
// community or of the installation, or with a rank above the creator's.
// Otherwise it fails with Forbidden "rank_too_low", "missing_permission" or
// "outlives_maker". A creator that left has no rank; left reports that.
//
// Widening does not change the creator, so holders of the secret stay within the
// creator's permissions.
func (a *Access) requireWidenable(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, key Key) (left bool, err error) {
	if err := a.requireGrantableIn(ctx, tx, caller, key); err != nil {
		return false, err
	}
	authority, err := AuthorityOf(ctx, tx, a.memberships, caller, key.CommunityID)
	if err != nil {
		return false, err
	}
	creator, err := creatorOf(ctx, tx, key.CommunityID, key.CreatedBy)
	var granted grants
	if err == nil {
		granted, err = creatorGrants(ctx, tx, a.memberships, creator, key.CommunityID)
	}
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return true, nil
	case err != nil:
		return false, err
	case authority.all || granted.memberID != "" && authority.principalID == granted.memberID:
		return false, nil
	case granted.all || highestRank(authority.grants.roles) <= highestRank(granted.roles):
		return false, errs.New(errs.Forbidden, "rank_too_low", "The creator of this API key is not ranked below you. Take the key over with takeOver, or ask its creator or an owner.")
	}
	return false, nil
}

// rotated returns a key with its new creator and bounds after a rotation by the
// caller. The creator stays and bounds both secrets, so the old one gains no
// permissions. The caller bounds the new one too, also an owner: it loses the
// permissions that the caller loses. If the creator left, the caller becomes the
// creator; the old secret stays bound by the former creator and is rejected.
func (k Key) rotated(caller actor.Actor, left bool) Key {
	k.PreviousLimitedBy = k.LimitedBy
	if left {
		k.PreviousLimitedBy = slices.Concat(k.LimitedBy, []string{k.CreatedBy})
		k.CreatedBy = caller.Principal()
	}
	k.LimitedBy = slices.DeleteFunc(append([]string{caller.Principal()}, caller.LimitedBy...), func(ref string) bool {
		return ref == k.CreatedBy || ref == (actor.Actor{Kind: actor.Command}).Ref()
	})
	return k
}

// RotateKey creates a new secret of a key and returns it; it is not stored. The
// previous secret works for overlap, an older one ends at once. The actor needs
// PermAPIKeys and requireWidenable. It fails as UpdateKey does.
func (a *Access) RotateKey(ctx context.Context, caller actor.Actor, communityID, keyID string, overlap time.Duration) (key Key, secret string, err error) {
	if overlap < 0 || overlap > MaxOverlap {
		return Key{}, "", errs.InvalidFields([]errs.Field{{Field: "overlapHours", Code: "invalid", Message: "The overlap must be 0 to 168 hours."}})
	}
	if err := a.Can(ctx, caller, communityID, permission.APIKeys); err != nil {
		return Key{}, "", err
	}
	now := a.clock.Now()
	secret = account.NewToken()
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		old, err := loadKey(ctx, tx, communityID, keyID, tx.Dialect().Lock())
		if err != nil {
			return err
		}
		left, err := a.requireWidenable(ctx, tx, caller, old)
		if err != nil {
			return err
		}
		key = old.rotated(caller, left)
		key.Hint, key.UpdatedAt, key.PreviousExpiresAt = secret[len(secret)-hintSize:], now.UnixMilli(), 0
		if overlap > 0 {
			key.PreviousExpiresAt = now.Add(overlap).UnixMilli()
		}
		if err := rotateKey(ctx, tx, key, account.HashToken(secret)); err != nil {
			return err
		}
		changes := keyChanges(old, key)
		if key.PreviousExpiresAt > 0 {
			changes = append(changes, audit.Change{Field: "oldUntil", New: key.PreviousExpiresAt})
		}
		return audit.Record(ctx, tx, caller, key.UpdatedAt, communityID, "api_key.rotate", key.target(), changes...)
	})
	if err != nil {
		return Key{}, "", err
	}
	key.DisabledReason, err = a.disabledReason(ctx, communityID, key)
	return key, secret, err
}

// KeyInput describes a new key.
type KeyInput struct {
	Name         string // 1 to 100 characters
	Permissions  []actor.Permission
	Channels     []string // ids, of a person's key only
	ExpirePeriod int      // days from now, 0: never
	ExpireDate   string   // YYYY-MM-DD (to the end of that day in UTC) or RFC 3339, "": see ExpirePeriod
	Inactive     bool
}

// KeyChange is a partial update of a key; nil leaves a field unchanged.
type KeyChange struct {
	Name         *string
	Permissions  []actor.Permission
	Channels     []string // of a person's key only
	ExpirePeriod *int     // days from now, 0: never
	ExpireDate   *string  // as in KeyInput, "": never
	Active       *bool
	Transfer     bool // of a community's key: the actor becomes its creator
}

const (
	maxKeyName      = 100
	maxExpirePeriod = 3650
	maxKeyChannels  = 100
)

// validate returns the normalized input and the expiry, or Invalid
// "invalid_input" with every invalid field.
func (in KeyInput) validate(now time.Time) (KeyInput, int64, error) {
	var wrong []errs.Field
	name, ok := text.Line(in.Name, maxKeyName)
	if in.Name = name; !ok || name == "" {
		wrong = append(wrong, errs.Field{Field: "name", Code: "invalid", Message: "A name has 1 to 100 characters, none of them a control character."})
	}
	known, unknown := permission.Check(in.Permissions)
	if len(in.Permissions) == 0 {
		unknown = append(unknown, errs.Field{Field: "permissions", Code: "required", Message: "A key has at least one permission."})
	}
	in.Permissions = known
	wrong = append(wrong, unknown...)
	in.Channels = slices.Compact(slices.Sorted(slices.Values(in.Channels)))
	if len(in.Channels) > maxKeyChannels || slices.ContainsFunc(in.Channels, func(c string) bool { return !id.Valid(c) }) {
		wrong = append(wrong, errs.Field{Field: "channels", Code: "invalid", Message: "Name at most 100 channels, by their _id."})
	}
	expiresAt, problem := in.expiry(now)
	return in, expiresAt, errs.InvalidFields(append(wrong, problem...))
}

// expiry returns the time from which the key is rejected, 0 for never.
func (in KeyInput) expiry(now time.Time) (int64, []errs.Field) {
	wrong := func(field, message string) (int64, []errs.Field) {
		return 0, []errs.Field{{Field: field, Code: "invalid", Message: message}}
	}
	latest := now.AddDate(0, 0, maxExpirePeriod)
	switch {
	case in.ExpirePeriod < 0 || in.ExpirePeriod > maxExpirePeriod:
		return wrong("expirePeriod", "A key expires after 1 to 3650 days, or never with 0.")
	case in.ExpirePeriod > 0 && in.ExpireDate != "":
		return wrong("expireDate", "Set expirePeriod or expireDate, not both.")
	case in.ExpirePeriod > 0:
		return now.AddDate(0, 0, in.ExpirePeriod).UnixMilli(), nil
	case in.ExpireDate == "":
		return 0, nil
	}
	at, err := time.Parse(time.RFC3339, in.ExpireDate)
	if day, dayErr := time.Parse(time.DateOnly, in.ExpireDate); dayErr == nil {
		at, err = day.AddDate(0, 0, 1), nil
	}
	if err != nil {
		return wrong("expireDate", "The date must be YYYY-MM-DD or a time such as 2026-04-07T08:50:16Z.")
	}
	if !at.After(now) || at.After(latest.AddDate(0, 0, 1)) {
		return wrong("expireDate", "A key expires within the next 3650 days.")
	}
	return at.UnixMilli(), nil
}

// of applies the change to a key.
func (c KeyChange) apply(old Key, now time.Time) (Key, error) {
	in := KeyInput{Name: old.Name, Permissions: old.Permissions, Channels: old.Channels, Inactive: !old.Active}
	if c.Name != nil {
		in.Name = *c.Name
	}
	if c.Permissions != nil {
		in.Permissions = c.Permissions
	}
	if c.Channels != nil {
		in.Channels = c.Channels
	}
	if c.Active != nil {
		in.Inactive = !*c.Active
	}
	if c.ExpirePeriod != nil {
		in.ExpirePeriod = *c.ExpirePeriod
	}
	if c.ExpireDate != nil {
		in.ExpireDate = *c.ExpireDate
	}
	in, expiresAt, err := in.validate(now)
	if err != nil {
		return Key{}, err
	}
	changed := old
	changed.Name, changed.Permissions, changed.Channels, changed.Active = in.Name, in.Permissions, in.Channels, !in.Inactive
	changed.UpdatedAt = now.UnixMilli()
	if c.ExpirePeriod != nil || c.ExpireDate != nil {
		changed.ExpiresAt = expiresAt
	}
	return changed, nil
}

// keyChanges returns the fields that differ, for the audit log.
func keyChanges(old, changed Key) []audit.Change {
	return audit.Diff(
		audit.Change{Field: "name", Old: old.Name, New: changed.Name},
		audit.Change{Field: "permissions", Old: old.Permissions, New: changed.Permissions},
		audit.Change{Field: "isActive", Old: old.Active, New: changed.Active},
		audit.Change{Field: "expiresAt", Old: old.ExpiresAt, New: changed.ExpiresAt},
		audit.Change{Field: "createdBy", Old: old.CreatedBy, New: changed.CreatedBy},
		audit.Change{Field: "boundBy", Old: old.LimitedBy, New: changed.LimitedBy},
	)
}
