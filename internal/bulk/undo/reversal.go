package undo

import (
	"cmp"
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// reversal undoes the rows of one batch. It plans them in memory, in the reverse
// order of the file, and writes them at once.
type reversal struct {
	*run
	rules      *plan.Rules // only roles and authority
	identities *plan.IdentityMap
	fields     map[string]*field.Field
	tags       map[string]bool   // existing ids
	mergedTags map[string]string // merged into the ids
	foreign    map[member.FieldOf]bool
	undone     map[member.FieldOf]bool             // last written by an earlier undo of the same job
	ranks      map[*plan.Entry]errs.Sentence       // reason that the actor may not change the member; zero: may
	created    map[*plan.Entry]*source.RowError    // created members: the reason to keep one; nil: remove it
	causes     map[member.FieldOf]*source.RowError // reasons to keep a value
	chains     map[slot]*chain
	removed    []string
	changes    []member.Change
	entries    map[reversedKey]*ledger.Reversed // of the rows
}

func (u *reversal) isRemoved(entry *plan.Entry) bool {
	kept, created := u.created[entry]
	return created && kept == nil
}

func (r *run) newReversal(ctx context.Context, tx *sqldb.Tx, list []outcome.Record) (*reversal, error) {
	u := &reversal{
		run: r, identities: plan.NewIdentityMap(len(list)), fields: map[string]*field.Field{}, tags: map[string]bool{}, foreign: map[member.FieldOf]bool{},
		undone: map[member.FieldOf]bool{}, ranks: map[*plan.Entry]errs.Sentence{}, created: map[*plan.Entry]*source.RowError{}, causes: map[member.FieldOf]*source.RowError{}, chains: map[slot]*chain{}, entries: map[reversedKey]*ledger.Reversed{},
	}
	if err := u.loadRules(ctx, tx); err != nil {
		return nil, err
	}
	if err := u.reverseEntries(ctx, tx, list); err != nil {
		return nil, err
	}
	keys := make([]plan.Key, len(list))
	for i := range list {
		keys[i] = plan.Key{Kind: source.RefKey, Value: list[i].UserID}
	}
	if err := u.identities.Load(ctx, tx, r.Job.CommunityID, keys, true); err != nil {
		return nil, err
	}
	if err := u.loadHolders(ctx, tx, list); err != nil {
		return nil, err
	}
	if err := u.loadForeign(ctx, tx, list); err != nil {
		return nil, err
	}
	for i := range list {
		entry := u.identities.Refs[list[i].UserID]
		if list[i].Outcome == outcome.Created && entry != nil && entry.IsMember() {
			u.created[entry] = u.memberConflict(entry)
		}
	}
	return u, u.planChains(list)
}

// loadRules loads the fields, roles and tags, and the authority of the actor.
func (u *reversal) loadRules(ctx context.Context, tx *sqldb.Tx) error {
	fields, err := field.List(ctx, tx, u.Job.CommunityID)
	if err != nil {
		return err
	}
	// An undo writes to any field.
	if err := field.Verify(ctx, tx, u.Job.CommunityID, fields, func(*field.Field) bool { return true }); err != nil {
		return err
	}
	for i := range fields {
		u.fields[fields[i].ID] = &fields[i]
	}
	roles, err := access.Roles(ctx, tx, u.Job.CommunityID)
	if err != nil {
		return err
	}
	u.rules = plan.NewRules(job.Undo, job.Options{}, false, nil, roles)
	if u.rules.Authority, err = plan.Authority(ctx, tx, u.Job, u.Clock.MS()); err != nil {
		return err
	}
	tags, err := member.Tags(ctx, tx, u.Job.CommunityID)
	for _, t := range tags {
		u.tags[t.ID] = true
	}
	if err != nil {
		return err
	}
	u.mergedTags, err = member.MergedTags(ctx, tx, u.Job.CommunityID)
	return err
}

// unmerged replaces merged tags in a value by those that they were merged into: a
// merge is no change of a member.
func (u *reversal) unmerged(f *field.Field, value any) any {
	ids, list := value.([]string)
	if !list || f.Type != field.TagList || len(u.mergedTags) == 0 {
		return value
	}
	ids = slices.Clone(ids)
	for i := range ids {
		ids[i] = cmp.Or(u.mergedTags[ids[i]], ids[i])
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// loadHolders looks up the present holders of previous usernames and
// identifiers.
func (u *reversal) loadHolders(ctx context.Context, tx *sqldb.Tx, list []outcome.Record) error {
	keys := []plan.Key{}
	for i := range list {
		for _, c := range list[i].Changes {
			f := u.fields[c.Field]
			if f == nil || !f.Identifier {
				continue
			}
			old, err := c.Before()
			if err != nil {
				return err
			}
			if old != nil && (!f.Default || f.Field == field.Username) {
				keys = append(keys, plan.UniqueKey(f, old))
			}
		}
	}
	return u.identities.Load(ctx, tx, u.Job.CommunityID, keys, true)
}

// memberConflict returns the reason to keep a created member, nil to remove
// it.
func (u *reversal) memberConflict(entry *plan.Entry) *source.RowError {
	changed := entry.Owner || entry.Claimed() || entry.State != member.Active
	for fieldID := range u.fields {
		changed = changed || u.foreign[member.FieldOf{UserID: entry.ID, FieldID: fieldID}]
	}
	switch {
	case changed:
		return source.NewRowError("", "changed_since", errs.Constant("The member was changed since the import and is kept."), entry.Email)
	case !u.rules.Authority.OutranksMember(entry.ID, entry.Owner, u.rules.RolesOf(entry)):
		return source.NewRowError("", "role_above_rank", errs.Constant("The member does not rank below the person who undoes the import and is kept."), entry.Email)
	}
	return nil
}

// reverse undoes one row in memory.
func (u *reversal) reverse(done *outcome.Record) outcome.Record {
	undone := outcome.Record{Outcome: outcome.Updated, Pos: done.Pos, UserID: done.UserID}
	entry := u.identities.Refs[done.UserID]
	u.restoreBalances(done, &undone)
	switch {
	case entry == nil || !entry.IsMember():
		undone.AddError("", "already_gone", errs.Constant("The member is no longer in this community."), "")
		if len(undone.Changes) == 0 {
			undone.Outcome = outcome.Unchanged
		}
	case done.Outcome == outcome.Created:
		u.remove(entry, &undone)
	default:
		u.restore(done, entry, &undone)
	}
	return undone
}

func (u *reversal) remove(entry *plan.Entry, undone *outcome.Record) {
	if kept := u.created[entry]; kept != nil {
		undone.Outcome = outcome.Skipped
		undone.Errors = []source.RowError{*kept}
		return
	}
	u.removed = append(u.removed, entry.ID)
	entry.MarkRemoved()
}

// restore undoes the changes of one row of an existing member.
func (u *reversal) restore(done *outcome.Record, entry *plan.Entry, undone *outcome.Record) {
	at := max(u.Clock.MS(), entry.UpdatedAt+1)
	if _, known := u.ranks[entry]; !known { // before restored roles change the rank
		u.ranks[entry] = u.rules.MemberDenial(entry)
	}
	for _, c := range slices.Backward(done.Changes) {
		f := u.fields[c.Field]
		if posting.Of(c.Field) != nil {
			continue
		}
		if f == nil {
			undone.AddError(c.Field, "field_gone", errs.Constant("The field was deleted since."), "")
			continue
		}
		old, errOld := c.Before()
		made, errNew := c.After()
		if errOld != nil || errNew != nil {
			undone.AddError(f.Field, "unreadable", errs.Constant("The stored value cannot be read."), "")
			continue
		}
		now := u.unmerged(f, entry.Get(f))
		old, made = u.unmerged(f, old), u.unmerged(f, made)
		if u.isUndone(entry, f, now, old, made) {
			continue
		}
		if kept := u.valueConflict(entry, f, old, made); kept != nil {
			undone.Errors = append(undone.Errors, *kept)
			continue
		}
		if old = u.existing(f, old, undone); field.Equal(now, old) {
			continue
		}
		u.set(entry, f, old, at)
		change := member.Change{UserID: entry.ID, Field: f, Old: now, New: old, RecordedAt: at}
		u.changes = append(u.changes, change)
		undone.Changes = append(undone.Changes, outcome.NewChanges([]member.Change{change})...)
	}
	switch {
	case len(undone.Changes) > 0:
	case len(undone.Errors) > 0:
		undone.Outcome = outcome.Skipped
	default:
		undone.Outcome = outcome.Unchanged
	}
}

// isUndone reports whether the old value is present already: an earlier undo,
// which was cancelled or failed, or another change restored it.
func (u *reversal) isUndone(entry *plan.Entry, f *field.Field, now, old, made any) bool {
	key := member.FieldOf{UserID: entry.ID, FieldID: f.ID}
	if u.foreign[key] {
		return field.Equal(now, old)
	}
	return !field.Equal(now, made) && (u.undone[key] || field.Equal(now, old))
}

// valueConflict returns the reason to keep the present value of a field, nil to restore
// the old one.
func (u *reversal) valueConflict(entry *plan.Entry, f *field.Field, old, made any) *source.RowError {
	key := member.FieldOf{UserID: entry.ID, FieldID: f.ID}
	if u.causes[key] != nil {
		return u.causes[key]
	}
	reason := u.blocked(entry, f, u.unmerged(f, entry.Get(f)), old, made)
	if c := u.chains[slot{entry, f}]; c != nil && reason == nil {
		if c.done < c.allowed {
			c.done++
			return nil
		}
		reason = source.NewRowError(f.Field, "taken_since", errs.Constant("Another member has the old value now."), shown(old))
	}
	u.causes[key] = reason
	return reason
}

// blocked returns the reason to keep the present value, other than a holder of
// the old one.
func (u *reversal) blocked(entry *plan.Entry, f *field.Field, now, old, made any) *source.RowError {
	switch key := (member.FieldOf{UserID: entry.ID, FieldID: f.ID}); {
	case f.Default && f.Field == field.Username && entry.Claimed():
		return source.NewRowError(f.Field, "used_elsewhere", errs.Constant("The person accepted the membership since. Only the person can change the username."), shown(now))
	case u.foreign[key] || !field.Equal(now, made):
		return source.NewRowError(f.Field, "changed_since", errs.Constant("The value was changed since and is kept."), shown(now))
	case !f.Accepts(old):
		return source.NewRowError(f.Field, "field_gone", errs.Constant("The field was changed since and no longer accepts the old value."), shown(old))
	}
	if message := u.aboveRank(entry, f, old); !message.IsZero() {
		return source.NewRowError(f.Field, "role_above_rank", message, shown(now))
	}
	if message := u.ranks[entry]; !message.IsZero() {
		return source.NewRowError(f.Field, "member_above_rank", message, shown(now))
	}
	return nil
}

// aboveRank returns why the actor may not restore roles; zero if they may, and for
// other fields.
func (u *reversal) aboveRank(entry *plan.Entry, f *field.Field, old any) errs.Sentence {
	if f.Type != field.RoleList {
		return errs.Sentence{}
	}
	ids, _ := old.([]string) // nil: none
	return u.rules.RoleDenial(entry, ids)
}

// existing removes roles and tags that were deleted since.
func (u *reversal) existing(f *field.Field, value any, undone *outcome.Record) any {
	ids, list := value.([]string)
	if !list || f.Type != field.RoleList && f.Type != field.TagList {
		return value
	}
	left := slices.DeleteFunc(slices.Clone(ids), func(one string) bool {
		if f.Type == field.TagList {
			return !u.tags[one]
		}
		_, known := u.rules.RolesByID[one]
		return !known
	})
	if len(left) < len(ids) {
		undone.AddError(f.Field, "already_gone", errs.Constant("A role or tag of the old value was deleted since and cannot be restored."), "")
	}
	if len(left) == 0 {
		return nil
	}
	return left
}

func (u *reversal) set(entry *plan.Entry, f *field.Field, value any, at int64) {
	entry.Dirty, entry.UpdatedAt = true, at
	if f.Default && f.Field == field.Username {
		u.identities.Rename(entry, f, value.(string))
		return
	}
	u.identities.TrackIdentifiers(entry, []member.Change{{Field: f, Old: entry.Get(f), New: value}})
	entry.Set(f, value)
}

// write writes the result. Removed members come first, because restored names
// and identifiers may be theirs.
func (u *reversal) write(ctx context.Context, tx *sqldb.Tx) error {
	if u.Erase != nil && len(u.removed) > 0 {
		if err := u.Erase(ctx, tx, u.Job.CommunityID, u.removed); err != nil {
			return err
		}
	}
	if err := member.Remove(ctx, tx, u.Job.CommunityID, u.removed, u.Clock.MS()); err != nil {
		return err
	}
	w := u.identities.Writes()
	if err := member.RenameAll(ctx, tx, u.Job.CommunityID, w.Renames); err != nil {
		return err
	}
	if err := member.Update(ctx, tx, u.Job.CommunityID, w.Changed); err != nil {
		return err
	}
	if err := member.SetIdentifiers(ctx, tx, u.Job.CommunityID, w.RemovedIdentifiers, w.SetIdentifiers); err != nil {
		return err
	}
	changes := slices.DeleteFunc(u.changes, func(c member.Change) bool { return !u.identities.Refs[c.UserID].IsMember() })
	return member.RecordChanges(ctx, tx, u.Job.CommunityID, changes, member.Source{Type: string(job.Undo), ID: u.Job.ID}, u.Job.Actor)
}
