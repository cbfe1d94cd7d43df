package bulk

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// reversal undoes the rows of one piece: planned in memory by reverse, in the
// reverse order of the file, then written at once.
type reversal struct {
	*run
	rules   *rules // only the roles and the power of the actor of the undo
	crowd   *crowd
	fields  map[string]*field.Field
	tags    map[string]bool // ids that exist
	foreign map[member.FieldOf]bool
	undone  map[member.FieldOf]bool     // last written by an earlier undo of the same job
	ranks   map[*person]string          // why the actor may not change the member; "": allowed
	created map[*person]*Problem        // members that the job created: why one is kept, nil: removed
	causes  map[member.FieldOf]*Problem // of values kept so far
	chains  map[slot]*chain
	removed []string
	changes []member.Change
}

func (u *reversal) isRemoved(who *person) bool {
	kept, created := u.created[who]
	return created && kept == nil
}

func (r *run) newReversal(ctx context.Context, tx *sqldb.Tx, list []record) (*reversal, error) {
	u := &reversal{
		run: r, crowd: newCrowd(len(list)), fields: map[string]*field.Field{}, tags: map[string]bool{}, foreign: map[member.FieldOf]bool{},
		undone: map[member.FieldOf]bool{}, ranks: map[*person]string{}, created: map[*person]*Problem{}, causes: map[member.FieldOf]*Problem{}, chains: map[slot]*chain{},
	}
	if err := u.loadRules(ctx, tx); err != nil {
		return nil, err
	}
	keys := make([]identity, len(list))
	for i := range list {
		keys[i] = identity{refKind, list[i].UserID}
	}
	if err := u.crowd.load(ctx, tx, r.job.CommunityID, keys, true); err != nil {
		return nil, err
	}
	if err := u.loadHolders(ctx, tx, list); err != nil {
		return nil, err
	}
	if err := u.loadForeign(ctx, tx, list); err != nil {
		return nil, err
	}
	for i := range list {
		who := u.crowd.refs[list[i].UserID]
		if list[i].Outcome == Created && who != nil && who.IsMember() {
			u.created[who] = u.keptMember(who)
		}
	}
	return u, u.planChains(list)
}

// loadRules reads the fields, roles and tags, and the power of the actor.
func (u *reversal) loadRules(ctx context.Context, tx *sqldb.Tx) error {
	fields, err := field.List(ctx, tx, u.job.CommunityID)
	if err != nil {
		return err
	}
	// An undo writes to any field.
	if err := field.Verify(ctx, tx, u.job.CommunityID, fields, func(*field.Field) bool { return true }); err != nil {
		return err
	}
	for i := range fields {
		u.fields[fields[i].ID] = &fields[i]
	}
	roles, err := access.Roles(ctx, tx, u.job.CommunityID)
	if err != nil {
		return err
	}
	u.rules = newRules(Undo, Options{}, false, nil, roles)
	if u.rules.power, err = u.power(ctx, tx); err != nil {
		return err
	}
	tags, err := member.Tags(ctx, tx, u.job.CommunityID)
	for _, t := range tags {
		u.tags[t.ID] = true
	}
	return err
}

// loadHolders looks up the present holders of previous usernames and
// identifiers.
func (u *reversal) loadHolders(ctx context.Context, tx *sqldb.Tx, list []record) error {
	keys := []identity{}
	for i := range list {
		for _, c := range list[i].Changes {
			f := u.fields[c.Field]
			if f == nil || !f.Identifier {
				continue
			}
			old, err := c.before()
			if err != nil {
				return err
			}
			if old != nil && (!f.Default || f.Field == field.Username) {
				keys = append(keys, uniqueKey(f, old))
			}
		}
	}
	return u.crowd.load(ctx, tx, u.job.CommunityID, keys, true)
}

// keptMember returns the reason to keep a member whom the job created, nil to
// remove them.
func (u *reversal) keptMember(who *person) *Problem {
	changed := who.Owner || who.Claimed() || who.State != member.Active
	for fieldID := range u.fields {
		changed = changed || u.foreign[member.FieldOf{UserID: who.ID, FieldID: fieldID}]
	}
	switch {
	case changed:
		return &Problem{"", "changed_since", "The member was changed since the import and is kept.", who.Email}
	case !u.rules.power.OutranksMember(who.ID, who.Owner, u.rules.held(who)):
		return &Problem{"", "role_above_rank", "The member does not rank below the person who undoes the import and is kept.", who.Email}
	}
	return nil
}

// reverse undoes one row in memory.
func (u *reversal) reverse(done *record) record {
	undone := record{Outcome: Updated, Pos: done.Pos, UserID: done.UserID}
	who := u.crowd.refs[done.UserID]
	switch {
	case who == nil || !who.IsMember():
		undone.Outcome = Unchanged
		undone.Problems = []Problem{{"", "already_gone", "The member is no longer in this community.", ""}}
	case done.Outcome == Created:
		u.remove(who, &undone)
	default:
		u.restore(done, who, &undone)
	}
	return undone
}

func (u *reversal) remove(who *person, undone *record) {
	if kept := u.created[who]; kept != nil {
		undone.Outcome = Skipped
		undone.Problems = []Problem{*kept}
		return
	}
	u.removed = append(u.removed, who.ID)
	who.State, who.dirty, who.held, who.wasNamed = "", false, nil, ""
}

// restore undoes the changes of one row of a member who existed before it.
func (u *reversal) restore(done *record, who *person, undone *record) {
	at := max(u.clock.MS(), who.UpdatedAt+1)
	if _, known := u.ranks[who]; !known { // before a restored role changes the rank
		u.ranks[who] = u.rules.aboveMaker(who)
	}
	for _, c := range slices.Backward(done.Changes) {
		f := u.fields[c.Field]
		if f == nil {
			undone.keep(c.Field, "field_gone", "The field was deleted since.", "")
			continue
		}
		old, errOld := c.before()
		made, errNew := c.after()
		if errOld != nil || errNew != nil {
			undone.keep(f.Field, "unreadable", "The stored value cannot be read.", "")
			continue
		}
		now := who.Get(f)
		if u.isUndone(who, f, now, old, made) {
			continue
		}
		if kept := u.kept(who, f, old, made); kept != nil {
			undone.Problems = append(undone.Problems, *kept)
			continue
		}
		if old = u.existing(f, old, undone); field.Equal(now, old) {
			continue
		}
		u.set(who, f, old, at)
		change := member.Change{UserID: who.ID, Field: f, Old: now, New: old, RecordedAt: at}
		u.changes = append(u.changes, change)
		undone.Changes = append(undone.Changes, stored([]member.Change{change})...)
	}
	switch {
	case len(undone.Changes) > 0:
	case len(undone.Problems) > 0:
		undone.Outcome = Skipped
	default:
		undone.Outcome = Unchanged
	}
}

// isUndone reports whether a change needs no undoing: an earlier undo of the
// job, which was cancelled or failed, or somebody else restored the old value.
func (u *reversal) isUndone(who *person, f *field.Field, now, old, made any) bool {
	key := member.FieldOf{UserID: who.ID, FieldID: f.ID}
	if u.foreign[key] {
		return field.Equal(now, old)
	}
	return !field.Equal(now, made) && (u.undone[key] || field.Equal(now, old))
}

// kept returns the reason to keep the present value of a field, nil to restore
// the old one.
func (u *reversal) kept(who *person, f *field.Field, old, made any) *Problem {
	key := member.FieldOf{UserID: who.ID, FieldID: f.ID}
	if u.causes[key] != nil {
		return u.causes[key]
	}
	reason := u.blocked(who, f, who.Get(f), old, made)
	if c := u.chains[slot{who, f}]; c != nil && reason == nil {
		if c.done < c.allowed {
			c.done++
			return nil
		}
		reason = &Problem{f.Field, "taken_since", "Another member has the old value now.", shown(old)}
	}
	u.causes[key] = reason
	return reason
}

// blocked returns the reason, other than a holder of the old value, to keep the
// present value of a field.
func (u *reversal) blocked(who *person, f *field.Field, now, old, made any) *Problem {
	switch key := (member.FieldOf{UserID: who.ID, FieldID: f.ID}); {
	case f.Default && f.Field == field.Username && who.Claimed():
		return &Problem{f.Field, "used_elsewhere", "The person accepted the membership since, and only the person changes the username.", shown(now)}
	case u.foreign[key] || !field.Equal(now, made):
		return &Problem{f.Field, "changed_since", "The value was changed since and is kept.", shown(now)}
	case !f.Takes(old):
		return &Problem{f.Field, "field_gone", "The field was changed since and no longer takes the old value.", shown(old)}
	}
	if message := u.aboveRank(who, f, old); message != "" {
		return &Problem{f.Field, "role_above_rank", message, shown(now)}
	}
	if message := u.ranks[who]; message != "" {
		return &Problem{f.Field, "member_above_rank", message, shown(now)}
	}
	return nil
}

// aboveRank returns why the actor may not restore roles, "" if they may and for
// every other field.
func (u *reversal) aboveRank(who *person, f *field.Field, old any) string {
	if f.Type != field.RoleList {
		return ""
	}
	ids, _ := old.([]string) // nil: none
	return u.rules.above(who, ids)
}

// existing leaves out roles and tags that were deleted since.
func (u *reversal) existing(f *field.Field, value any, undone *record) any {
	ids, list := value.([]string)
	if !list || f.Type != field.RoleList && f.Type != field.TagList {
		return value
	}
	left := slices.DeleteFunc(slices.Clone(ids), func(one string) bool {
		if f.Type == field.TagList {
			return !u.tags[one]
		}
		_, known := u.rules.rolesByID[one]
		return !known
	})
	if len(left) < len(ids) {
		undone.keep(f.Field, "already_gone", "A role or tag of the old value was deleted since and cannot be restored.", "")
	}
	if len(left) == 0 {
		return nil
	}
	return left
}

func (rec *record) keep(column, code, message, value string) {
	rec.Problems = append(rec.Problems, Problem{column, code, message, value})
}

func (u *reversal) set(who *person, f *field.Field, value any, at int64) {
	who.dirty, who.UpdatedAt = true, at
	if f.Default && f.Field == field.Username {
		u.crowd.rename(who, f, value.(string))
		return
	}
	p := planner{crowd: u.crowd}
	p.hold(who, []member.Change{{Field: f, Old: who.Get(f), New: value}})
	who.Set(f, value)
}

// write stores the result. Removed members come first: they may hold names and
// identifiers that return to their previous owners.
func (u *reversal) write(ctx context.Context, tx *sqldb.Tx) error {
	if err := member.Remove(ctx, tx, u.job.CommunityID, u.removed, u.clock.MS()); err != nil {
		return err
	}
	w := gather(u.crowd)
	if err := member.RenameAll(ctx, tx, u.job.CommunityID, w.renames); err != nil {
		return err
	}
	if err := member.Update(ctx, tx, u.job.CommunityID, w.changed); err != nil {
		return err
	}
	if err := member.SetIdentifiers(ctx, tx, u.job.CommunityID, w.gone, w.held); err != nil {
		return err
	}
	changes := slices.DeleteFunc(u.changes, func(c member.Change) bool { return !u.crowd.refs[c.UserID].IsMember() })
	return member.RecordChanges(ctx, tx, u.job.CommunityID, changes, member.Source{Type: string(Undo), ID: u.job.ID}, u.job.Actor)
}
