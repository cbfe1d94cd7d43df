// Package rule pays members for what they do: XP and coins by the rules of their
// community. It consumes events; the ledger has the entries.
package rule

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// Rules are the XP rules of all communities. It is safe for concurrent use.
type Rules struct{ d Deps }

// Deps are the dependencies of Rules.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Access *access.Access
	Ledger *ledger.Ledger
	Log    *slog.Logger // nil: nothing is logged
}

// New returns the Rules of a database.
func New(d Deps) *Rules {
	d.Log = cmp.Or(d.Log, slog.New(slog.DiscardHandler))
	return &Rules{d}
}

// Get returns the settings in force. Members and keys with gamification may read them.
func (r *Rules) Get(ctx context.Context, caller actor.Actor, communityID string) (Settings, error) {
	if err := r.d.Access.Can(ctx, caller, communityID, permission.ViewGamification); err != nil {
		return Settings{}, err
	}
	return newest(ctx, r.d.DB, communityID)
}

// guard is locked while settings change, and shared by transactions that pay.
func guard(communityID string) string { return "xp settings " + communityID }

// Update changes settings; facts before the change still pay by the previous ones. It
// fails as access.Can does for gamification, with Invalid "invalid_input" or Conflict
// "stale_version".
func (r *Rules) Update(ctx context.Context, caller actor.Actor, communityID string, c Change) (Settings, error) {
	if err := r.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Settings{}, err
	}
	var changed Settings
	err := r.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, guard(communityID)); err != nil {
			return err
		}
		old, err := newest(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if c.Version != 0 && c.Version != old.Version {
			return errs.New(errs.Conflict, "stale_version", "The XP settings were changed meanwhile. Read them again.").WithDetails(map[string]any{"version": old.Version})
		}
		changed = c.apply(old)
		changes := differences(old, changed)
		if len(changes) == 0 {
			return nil
		}
		if err := r.check(ctx, tx, communityID, old, changed, c); err != nil {
			return err
		}
		now := r.d.Clock.MS()
		changed.Version, changed.from = old.Version+1, max(now, old.from)
		if err := insertSettings(ctx, tx, communityID, changed); err != nil {
			return err
		}
		return audit.Record(ctx, tx, caller, now, communityID, "xp_settings.update", audit.Target{Type: "xp_settings", ID: communityID}, changes...)
	})
	return changed, err
}

// check checks the bounds of settings, and what a change refers to: objects that were
// deleted later stay.
func (r *Rules) check(ctx context.Context, q sqldb.Querier, communityID string, old, s Settings, c Change) error {
	wrong := s.check()
	known, err := chat.All(ctx, q, communityID)
	if err != nil {
		return err
	}
	for _, action := range Actions {
		if c.Rules[action].Channels == nil {
			continue
		}
		for _, channelID := range s.Rules[action].Channels {
			if !slices.Contains(old.Rules[action].Channels, channelID) && !slices.ContainsFunc(known, func(ch chat.Channel) bool { return ch.ID == channelID }) {
				wrong = append(wrong, errs.Wrong(string(action)+".channels", "invalid", "There is no channel %q.", channelID))
			}
		}
	}
	if change, named := c.Rules[AboutMe]; named && (s.Rules[AboutMe].Enabled || change.FieldID != nil && *change.FieldID != "") {
		fields, err := field.List(ctx, q, communityID)
		if err != nil {
			return err
		}
		if f := textField(fields, s.Rules[AboutMe].FieldID); f == nil {
			wrong = append(wrong, errs.Wrong(string(AboutMe)+".fieldId", "invalid", "Name the id of a custom field for text."))
		}
	}
	return errs.InvalidFields(wrong)
}

// textField returns the custom field for text with an id, nil if there is none.
func textField(fields []field.Field, fieldID string) *field.Field {
	f := field.Find(fields, fieldID)
	if f == nil || !isText(f) {
		return nil
	}
	return f
}

// isText reports whether a field is a custom field for text.
func isText(f *field.Field) bool {
	return !f.Default && (f.Type == field.SingleLine || f.Type == field.MultiLine)
}

// differences returns the changed values for the audit log.
func differences(old, changed Settings) []audit.Change {
	all := []audit.Change{{Field: "enabled", Old: old.Enabled, New: changed.Enabled}, {Field: "payKeyMessages", Old: old.PayKeyMessages, New: changed.PayKeyMessages}}
	for _, action := range Actions {
		a, b, name := old.Rules[action], changed.Rules[action], string(action)
		all = append(all,
			audit.Change{Field: name + ".enabled", Old: a.Enabled, New: b.Enabled}, audit.Change{Field: name + ".xp", Old: a.XP, New: b.XP},
			audit.Change{Field: name + ".coins", Old: a.Coins, New: b.Coins}, audit.Change{Field: name + ".time", Old: a.Time, New: b.Time},
			audit.Change{Field: name + ".dailyCap", Old: a.DailyCap, New: b.DailyCap}, audit.Change{Field: name + ".fieldId", Old: a.FieldID, New: b.FieldID},
			audit.Change{Field: name + ".channels", Old: strings.Join(a.Channels, " "), New: strings.Join(b.Channels, " ")},
		)
	}
	return audit.Diff(all...)
}
