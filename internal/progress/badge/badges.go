package badge

import (
	"context"
	"reflect"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/safehttp"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps are the dependencies of Badges.
type Deps struct {
	DB       *sqldb.DB
	Clock    clock.Clock
	Access   *access.Access
	Pictures *media.Library
	Uploads  *image.Images
	Web      *safehttp.Client // fetches pictures by their addresses
	BaseURL  func() string
}

// Badges are the badges of all communities. It is safe for concurrent use.
type Badges struct{ d Deps }

// New returns the Badges of a database.
func New(d Deps) *Badges { return &Badges{d} }

// List returns a page of the badges, the oldest one first, and the number of all. It fails
// as access.Can does for ViewBadges.
func (s *Badges) List(ctx context.Context, caller actor.Actor, communityID string, page, limit int) ([]Badge, int64, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.ViewBadges); err != nil {
		return nil, 0, err
	}
	total, err := count(ctx, s.d.DB, communityID)
	if err != nil {
		return nil, 0, err
	}
	list, err := selectPage(ctx, s.d.DB, communityID, limit, (page-1)*limit)
	return list, total, err
}

// Get returns a badge. It fails as List does, or with NotFound "badge_not_found".
func (s *Badges) Get(ctx context.Context, caller actor.Actor, communityID, badgeID string) (Badge, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.ViewBadges); err != nil {
		return Badge{}, err
	}
	return Load(ctx, s.d.DB, communityID, badgeID)
}

// Fields returns the fields that conditions may compare. It fails as List does.
func (s *Badges) Fields(ctx context.Context, caller actor.Actor, communityID string) ([]field.Field, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.ViewBadges); err != nil {
		return nil, err
	}
	return field.List(ctx, s.d.DB, communityID)
}

// Create creates a badge. It fails as access.Can does for Badges, with Invalid
// "invalid_input" or "invalid_condition", as a picture does, or with Conflict
// "too_many_badges".
func (s *Badges) Create(ctx context.Context, caller actor.Actor, communityID string, in Input) (Badge, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Badges); err != nil {
		return Badge{}, err
	}
	now := s.d.Clock.Now()
	created := Badge{ID: id.New(now), Version: 1, CreatedAt: now.UnixMilli(), ChangedAt: now.UnixMilli()}
	return s.change(ctx, caller, communityID, in, created, func(tx *sqldb.Tx, pictures []media.Picture) (Badge, error) {
		if err := tx.LockExclusive(ctx, "badges "+communityID); err != nil {
			return Badge{}, err
		}
		n, err := count(ctx, tx, communityID)
		if err != nil {
			return Badge{}, err
		}
		if n >= MaxBadges {
			return Badge{}, errs.New(errs.Conflict, "too_many_badges", "A community has at most %d badges. Delete one first.", MaxBadges)
		}
		made := created
		if err := s.apply(ctx, tx, communityID, in, &made, pictures); err != nil {
			return Badge{}, err
		}
		if err := insert(ctx, tx, communityID, made); err != nil {
			return Badge{}, err
		}
		return made, s.record(ctx, tx, caller, communityID, "badge.create", made)
	})
}

// Update changes a badge. version is the one that the caller has read, 0 for any. It fails
// as Create does, with NotFound "badge_not_found" or Conflict "stale_version".
func (s *Badges) Update(ctx context.Context, caller actor.Actor, communityID, badgeID string, in Input, version int64) (Badge, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Badges); err != nil {
		return Badge{}, err
	}
	before, err := Load(ctx, s.d.DB, communityID, badgeID)
	if err != nil {
		return Badge{}, err
	}
	return s.change(ctx, caller, communityID, in, before, func(tx *sqldb.Tx, pictures []media.Picture) (Badge, error) {
		old, err := Lock(ctx, tx, communityID, badgeID)
		if err != nil {
			return Badge{}, err
		}
		if version != 0 && version != old.Version {
			return Badge{}, errs.New(errs.Conflict, "stale_version", "The badge was changed meanwhile. Read it again.").WithDetails(map[string]any{"version": old.Version})
		}
		changed := old
		if err := s.apply(ctx, tx, communityID, in, &changed, pictures); err != nil || reflect.DeepEqual(changed, old) {
			return changed, err
		}
		if changed.Version++; !reflect.DeepEqual(changed.Needs(), old.Needs()) {
			changed.ChangedAt = s.d.Clock.MS()
		}
		if err := update(ctx, tx, communityID, changed); err != nil {
			return Badge{}, err
		}
		if err := media.Delete(ctx, tx, communityID, replaced(old.Images, changed.Images)); err != nil {
			return Badge{}, err
		}
		return changed, s.record(ctx, tx, caller, communityID, "badge.update", changed, changes(old, changed)...)
	})
}

// change prepares the pictures of an input and runs f in a transaction. Pictures that were
// not inserted are deleted.
func (s *Badges) change(ctx context.Context, caller actor.Actor, communityID string, in Input, before Badge, f func(*sqldb.Tx, []media.Picture) (Badge, error)) (Badge, error) {
	fields, err := field.List(ctx, s.d.DB, communityID)
	if err != nil {
		return Badge{}, err
	}
	valid := before
	if err := in.apply(&valid, fields); err != nil { // before any picture is read
		return Badge{}, err
	}
	pictures, err := s.pictures(ctx, caller, communityID, in, before.Images)
	if err != nil {
		return Badge{}, err
	}
	var changed Badge
	err = s.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		changed, err = f(tx, pictures)
		return err
	})
	if err != nil {
		s.discard(ctx, pictures)
		return Badge{}, err
	}
	return changed, nil
}

// apply applies an input with its stored pictures.
func (s *Badges) apply(ctx context.Context, tx *sqldb.Tx, communityID string, in Input, b *Badge, pictures []media.Picture) error {
	fields, err := field.List(ctx, tx, communityID)
	if err != nil {
		return err
	}
	if err := in.apply(b, fields); err != nil {
		return err
	}
	for at, slot := range []struct{ given, to *string }{{in.Image, &b.Image}, {in.Dark, &b.Dark}, {in.Light, &b.Light}} {
		switch {
		case pictures[at].ID == kept || slot.given == nil && pictures[at].ID == "":
		case pictures[at].ID == "":
			*slot.to = ""
		default:
			if err := media.Insert(ctx, tx, pictures[at]); err != nil {
				return err
			}
			*slot.to = pictures[at].ID
		}
	}
	return nil
}

// Delete deletes a badge; its awards stay as history, with their rewards. It fails as
// Update does.
func (s *Badges) Delete(ctx context.Context, caller actor.Actor, communityID, badgeID string) error {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Badges); err != nil {
		return err
	}
	return s.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		deleted, err := Lock(ctx, tx, communityID, badgeID)
		if err != nil {
			return err
		}
		if err := setDeleted(ctx, tx, communityID, badgeID, s.d.Clock.MS()); err != nil {
			return err
		}
		return s.record(ctx, tx, caller, communityID, "badge.delete", deleted)
	})
}

func (s *Badges) record(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, verb audit.Verb, b Badge, list ...audit.Change) error {
	return audit.Record(ctx, tx, caller, s.d.Clock.MS(), communityID, verb, Target(b), list...)
}

// Target returns the badge for the audit log.
func Target(b Badge) audit.Target { return audit.Target{Type: "badge", ID: b.ID, Name: b.Title} }

// changes returns what differs between two versions of a badge.
func changes(a, b Badge) (list []audit.Change) {
	for _, one := range []struct {
		field    string
		old, new any
	}{
		{"title", a.Title, b.Title},
		{"action", a.Action, b.Action},
		{"quantity", a.Quantity, b.Quantity},
		{"description", a.Description, b.Description},
		{"award", a.PaysXP, b.PaysXP},
		{"awardXpQuantity", a.XP, b.XP},
		{"awardCurrency", a.PaysCoins, b.PaysCoins},
		{"awardCurrencyQuantity", a.Coins, b.Coins},
		{"attachRequired", a.AttachmentRequired, b.AttachmentRequired},
		{"images", a.Images, b.Images},
	} {
		if one.old != one.new {
			list = append(list, audit.Change{Field: one.field, Old: one.old, New: one.new})
		}
	}
	if !reflect.DeepEqual(a.Conditions, b.Conditions) {
		list = append(list, audit.Change{Field: "conditions", Old: &a.Conditions, New: &b.Conditions})
	}
	return list
}
