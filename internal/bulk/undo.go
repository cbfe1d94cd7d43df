package bulk

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// undo walks the pieces of the original job from the last to the first and
// takes back, row by row in reverse, what nobody changed since. The number of
// pieces done is the position.
func (r *run) undo(ctx context.Context) error {
	original, err := loadJob(ctx, r.db, r.job.CommunityID, r.job.OriginID)
	if err != nil {
		return err
	}
	if expired(&original, r.clock.MS()) {
		return errExpired()
	}
	for n := r.job.Pieces; n < original.Pieces; n++ {
		p := &piece{number: n}
		if err := r.tx(sqldb.SafeLater(ctx), func(tx *sqldb.Tx) error { return r.undoPiece(ctx, tx, &original, p) }); err != nil {
			return err
		}
		if r.queued.Yield() {
			return jobs.ErrYielded
		}
	}
	return r.tx(ctx, func(tx *sqldb.Tx) error {
		if err := setUndone(ctx, tx, original.CommunityID, original.ID, r.clock.MS()); err != nil {
			return err
		}
		return r.finish(ctx, tx, "", nil)
	})
}

func (r *run) undoPiece(ctx context.Context, tx *sqldb.Tx, original *job, p *piece) error {
	if done, err := turn(ctx, tx, &r.job, p.number); err != nil || done {
		return err
	}
	found, err := pieceFrom(ctx, tx, original, original.Pieces-1-p.number, 0, 0)
	if err != nil {
		return err
	}
	if found == nil || found.Number != original.Pieces-1-p.number {
		return errExpired()
	}
	list, err := unpack(found.Outcomes)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(rec record) bool { return rec.Outcome != Created && rec.Outcome != Updated })
	slices.Reverse(list)
	u, err := r.newReversal(ctx, tx, list)
	if err != nil {
		return err
	}
	undone := make([]record, len(list))
	var counts Counts
	for i := range list {
		undone[i] = u.reverse(&list[i])
		counts.add(undone[i].Outcome)
	}
	if err := u.write(ctx, tx); err != nil {
		return err
	}
	done, err := packPiece(p.number, undone, counts)
	if err != nil {
		return err
	}
	if err := r.record(ctx, tx, &done); err != nil {
		return err
	}
	if err := advance(ctx, tx, &r.job, p, counts, r.clock.MS()); err != nil {
		return err
	}
	return r.queued.Advance(ctx, tx, p.number+1)
}

// reversal takes back the rows of one piece.
type reversal struct {
	*run
	rules      *rules // of these, the roles and the power of who undoes
	crowd      *crowd
	fields     map[string]*member.Field
	tags       map[string]string // by name; those that were deleted are never put back
	touched    map[string]bool   // by others than the original job
	removed    []string
	removedNew []string // of these, whose account the job made
	changes    []member.Change
}

func (r *run) newReversal(ctx context.Context, tx *sqldb.Tx, list []record) (*reversal, error) {
	u := &reversal{run: r, crowd: newCrowd(len(list)), fields: map[string]*member.Field{}}
	fields, err := member.Fields(ctx, tx, r.job.CommunityID)
	if err != nil {
		return nil, err
	}
	// An undo writes to any field.
	if err := member.Steady(ctx, tx, r.job.CommunityID, fields, func(*member.Field) bool { return true }); err != nil {
		return nil, err
	}
	for i := range fields {
		u.fields[fields[i].ID] = &fields[i]
	}
	roles, err := auth.Roles(ctx, tx, r.job.CommunityID)
	if err != nil {
		return nil, err
	}
	u.rules = newRules(Undo, Options{}, false, nil, roles)
	if u.rules.power, err = r.power(ctx, tx); err != nil {
		return nil, err
	}
	if u.tags, err = loadTags(ctx, tx, r.job.CommunityID); err != nil {
		return nil, err
	}
	keys, ids := []identity{}, []string{}
	for i := range list {
		keys = append(keys, identity{refKind, list[i].UserID})
		ids = append(ids, list[i].UserID)
	}
	if err := u.crowd.load(ctx, tx, r.job.CommunityID, keys, true); err != nil {
		return nil, err
	}
	if err := u.loadUsernames(ctx, tx, list); err != nil {
		return nil, err
	}
	// An undo that was cancelled has changed people too, and counts as this one.
	own, err := undosOf(ctx, tx, r.job.CommunityID, r.job.OriginID)
	if err != nil {
		return nil, err
	}
	u.touched, err = member.ChangedByOthers(ctx, tx, r.job.CommunityID, ids, append(own, r.job.OriginID)...)
	return u, err
}

// loadUsernames looks up who holds the names that renamed people had before.
func (u *reversal) loadUsernames(ctx context.Context, tx *sqldb.Tx, list []record) error {
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
			switch {
			case old == nil:
			case f.Field == member.Username:
				keys = append(keys, identity{member.Username, auth.UsernameKey(old.(string))})
			case !f.Default:
				keys = append(keys, identity{f.ID, member.IdentifierKey(old)})
			}
		}
	}
	return u.crowd.load(ctx, tx, u.job.CommunityID, keys, true)
}

// reverse takes one row back in memory and says what became of it.
func (u *reversal) reverse(done *record) record {
	undone := record{Outcome: Updated, Pos: done.Pos, UserID: done.UserID}
	who := u.crowd.refs[done.UserID]
	switch {
	case who == nil || !who.IsMember():
		undone.Outcome = Unchanged
		undone.Problems = []Problem{{"", "already_gone", "The member is no longer here.", ""}}
	case done.Outcome == Created:
		u.remove(done, who, &undone)
	default:
		u.restore(done, who, &undone)
	}
	return undone
}

func (u *reversal) remove(done *record, who *person, undone *record) {
	if who.Owner || who.State != member.Active || u.touched[who.AccountID] {
		undone.Outcome = Skipped
		undone.Problems = []Problem{{"", "changed_since", "The member was changed since the import and is kept.", who.Email}}
		return
	}
	if !u.rules.power.OverMember(who.AccountID, who.Owner, u.rules.held(who)) {
		undone.Outcome = Skipped
		undone.Problems = []Problem{{"", "role_above_rank", "The member does not stand below who undoes the import and is kept.", who.Email}}
		return
	}
	u.removed = append(u.removed, who.AccountID)
	if done.NewAccount {
		u.removedNew = append(u.removedNew, who.AccountID)
	}
	who.State, who.dirty, who.held = "", false, nil
}

func (u *reversal) restore(done *record, who *person, undone *record) {
	at := max(u.clock.MS(), who.UpdatedAt+1)
	above := u.rules.aboveMaker(who) // before a role that is put back changes it
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
		old = u.withoutDeleted(f, old)
		if member.Equal(now, old) {
			continue // an undo that was cancelled did it
		}
		if f.Default && f.Field == member.Username && who.OwnsName() {
			undone.keep(f.Field, "used_elsewhere", "Its person, or another community, uses the account since, so its name stays.", shown(now))
			continue
		}
		if !member.Equal(now, made) {
			undone.keep(f.Field, "changed_since", "Somebody changed the value since; it is kept.", shown(now))
			continue
		}
		if taken := u.holder(f, old); taken != nil && taken != who {
			undone.keep(f.Field, "taken_since", "Somebody else has the old value now.", shown(old))
			continue
		}
		if message := u.aboveRank(who, f, old); message != "" {
			undone.keep(f.Field, "role_above_rank", message, shown(now))
			continue
		}
		if above != "" {
			undone.keep(f.Field, "member_above_rank", above, shown(now))
			continue
		}
		u.set(who, f, old, at)
		change := member.Change{UserID: who.AccountID, Field: f, Old: now, New: old, RecordedAt: at}
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

// withoutDeleted returns the value of a field without tags that were deleted
// since: the job that removes them from members may be past this one.
func (u *reversal) withoutDeleted(f *member.Field, value any) any {
	ids, ok := value.([]string)
	if !ok || f.Type != member.TagList {
		return value
	}
	there := map[string]bool{}
	for _, tagID := range u.tags {
		there[tagID] = true
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(tagID string) bool { return !there[tagID] })
	if len(ids) == 0 {
		return nil
	}
	return ids
}

// aboveRank says why who undoes the job may not put roles back, "" when they
// may and for every other field.
func (u *reversal) aboveRank(who *person, f *member.Field, old any) string {
	if !f.Default || f.Field != member.RoleName {
		return ""
	}
	ids, _ := old.([]string) // nil: none
	return u.rules.above(who, ids)
}

func (rec *record) keep(column, code, message, value string) {
	rec.Problems = append(rec.Problems, Problem{column, code, message, value})
}

// holder is who has a value that only one person can have.
func (u *reversal) holder(f *member.Field, value any) *person {
	switch {
	case value == nil || !f.Identifier:
		return nil
	case f.Field == member.Username:
		return u.crowd.usernames[auth.UsernameKey(value.(string))]
	}
	return u.crowd.identifiers[identity{f.ID, member.IdentifierKey(value)}]
}

func (u *reversal) set(who *person, f *member.Field, value any, at int64) {
	who.dirty, who.UpdatedAt = true, at
	if f.Default && f.Field == member.Username {
		u.crowd.rename(who, f, value.(string))
		return
	}
	p := planner{crowd: u.crowd}
	p.hold(who, []member.Change{{Field: f, Old: who.Get(f), New: value}})
	who.Set(f, value)
}

func (u *reversal) write(ctx context.Context, tx *sqldb.Tx) error {
	now := u.clock.MS()
	w := gather(u.crowd, now)
	if err := auth.RenameAccounts(ctx, tx, w.renames, now); err != nil {
		return err
	}
	if err := member.Update(ctx, tx, u.job.CommunityID, w.changed); err != nil {
		return err
	}
	if err := member.SetIdentifiers(ctx, tx, u.job.CommunityID, w.gone, w.held); err != nil {
		return err
	}
	if err := member.RecordChanges(ctx, tx, u.job.CommunityID, u.changes, member.Source{Type: string(Undo), ID: u.job.ID}, u.job.Actor); err != nil {
		return err
	}
	if err := member.Remove(ctx, tx, u.job.CommunityID, u.removed); err != nil {
		return err
	}
	if err := auth.JoinedCommunity(ctx, tx, u.removed, -1); err != nil {
		return err
	}
	_, err := auth.DeleteAccounts(ctx, tx, u.removedNew)
	return err
}

func (c *storedChange) before() (any, error) { return member.DecodeValue(c.Old) }
func (c *storedChange) after() (any, error)  { return member.DecodeValue(c.New) }

// shown is a value as a Problem shows it.
func shown(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return encode(value)
}
