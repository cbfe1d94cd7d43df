package member

import (
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// FieldValue is a value that a field of one member is to get.
type FieldValue struct {
	Field string // id or database name of the field, or what people call it
	Value any    // as JSON decodes it; nil, "" and an empty list clear the field
	Since int64  // since when it is so, in Unix milliseconds; 0: now
}

// Change gives fields of one member other values, all of them or none, and
// writes the history, a row for each field that was not so already; it
// returns those rows. It fails with NotFound
// user_not_found, Forbidden rank_too_low for a member who is neither the actor
// nor stands below them, Invalid invalid_input with an entry by FieldValue.Field for
// each value that does not fit, and Conflict identifier_taken, username_taken,
// account_shared or field_busy.
func (s *Members) Change(ctx context.Context, actor actor.Actor, communityID, userID string, values []FieldValue, source Source) ([]HistoryRow, error) {
	var rows []HistoryRow
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		may, err := s.reachOf(ctx, tx, actor, communityID)
		if err != nil {
			return err
		}
		e, err := beginEdit(ctx, tx, may, communityID, userID, s.clock)
		if err != nil {
			return err
		}
		e.source = source
		for _, v := range values {
			e.take(v)
		}
		rows, err = e.finish(ctx, tx)
		return err
	})
	if err == nil && len(rows) > 0 {
		err = s.nameHistory(ctx, communityID, rows)
	}
	return rows, err
}

// edit is the change of one member while it is being made. The member's row is
// locked until the transaction ends.
type edit struct {
	communityID string
	now         int64 // later than every earlier change of the member
	actor       string
	source      Source
	fields      []field.Field
	names       Names
	who         *Record
	before      string // the username
	changes     []Change
	gone, held  []Identifier
	wrong       []errs.Field
	refused     error // a conflict, told when no value is wrong
}

func beginEdit(ctx context.Context, tx *sqldb.Tx, may reach, communityID, userID string, c clock.Clock) (*edit, error) {
	e := &edit{communityID: communityID, actor: may.actor.Ref()}
	if err := field.LockShared(ctx, tx, communityID); err != nil {
		return nil, err
	}
	var err error
	if e.fields, err = field.List(ctx, tx, communityID); err != nil {
		return nil, err
	}
	if e.names, err = LoadNames(ctx, tx, communityID); err != nil {
		return nil, err
	}
	if e.who, err = lockMember(ctx, tx, communityID, userID); err != nil {
		return nil, err
	}
	e.begin(c.MS())
	return e, may.change(e.who)
}

// begin starts the change of a locked member at now.
func (e *edit) begin(now int64) {
	e.before = e.who.Username
	e.now = e.who.Stamp(now)
}

// lockMember returns a member who is here or is to come.
func lockMember(ctx context.Context, tx *sqldb.Tx, communityID, userID string) (*Record, error) {
	found, err := lockMembers(ctx, tx, communityID, []string{userID})
	if err == nil && len(found) == 0 {
		err = errUserNotFound()
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// lockMembers returns those of the users who are here or are to come, in the
// order of their ids.
func lockMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) ([]*Record, error) {
	found, err := Lookup(ctx, tx, communityID, KeySet{IDs: userIDs}, true)
	return slices.DeleteFunc(found, func(who *Record) bool { return who.State != Active && who.State != Pending }), err
}

func errUserNotFound() error {
	return errs.New(errs.NotFound, "user_not_found", "There is no such user.")
}

// take reads one value and, when it fits, puts it on the member.
func (e *edit) take(v FieldValue) {
	f := findField(e.fields, v.Field)
	switch {
	case f == nil:
		e.fail(errs.Wrong(v.Field, "unknown_field", "There is no field %q.", v.Field))
	case v.Since > e.now:
		e.fail(errs.Wrong(v.Field, "in_the_future", "A value cannot be so from a moment that has not come yet."))
	default:
		value, problem := e.read(f, v.Value)
		if problem != nil {
			e.fail(problem.At(v.Field))
			return
		}
		e.set(f, value, v.Since)
	}
}

func (e *edit) fail(wrong errs.Field) { e.wrong = append(e.wrong, wrong) }

// findField returns the field whose id, database name or name ref is.
func findField(fields []field.Field, ref string) *field.Field {
	if f := field.Find(fields, ref); f != nil {
		return f
	}
	key := field.HeaderKey(ref)
	for i := range fields {
		if field.HeaderKey(fields[i].Field) == key || field.HeaderKey(fields[i].Name) == key {
			return &fields[i]
		}
	}
	return nil
}

// read returns what a JSON value means as a value of a field, nil to clear it.
func (e *edit) read(f *field.Field, v any) (any, *field.Problem) {
	switch {
	case f.Default && f.Field == field.EmailName:
		return nil, field.Unfit("not_changeable", "An email address belongs to the account; only the person can change it.")
	case f.Type == field.RoleList:
		return nil, field.Unfit("use_roles", "Roles are given and taken one by one, not as a value.")
	case empty(v):
		if f.Required {
			return nil, field.Unfit("cannot_clear", "%s is required and cannot be cleared.", f.Called())
		}
		return nil, nil
	case f.Type == field.TagList:
		return e.tagIDs(v)
	case f.Default && f.Field == field.Username:
		text, _ := v.(string)
		display, _, problem := account.CheckUsername(text)
		return field.Reject(display, "invalid_username", problem)
	}
	value, problem := f.FromJSON(v)
	if list, ok := value.([]string); ok && len(list) == 0 {
		value = nil
	}
	return value, problem
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// tagIDs takes names or ids of tags, as a list or with commas between them.
func (e *edit) tagIDs(v any) (any, *field.Problem) {
	var list []any
	switch v := v.(type) {
	case string:
		for name := range strings.SplitSeq(v, ",") {
			list = append(list, name)
		}
	case []any:
		list = v
	default:
		return nil, field.Unfit("wrong_type", "A list of tags is expected.")
	}
	ids := []string{}
	for _, item := range list {
		text, _ := item.(string)
		found := idOf(e.names.Tags, strings.TrimSpace(text))
		if found == "" {
			return nil, field.Unfit("unknown_tag", "There is no tag %q; names are compared with their case.", text)
		}
		ids = append(ids, found)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// set puts a value of a field on the member in memory.
func (e *edit) set(f *field.Field, value any, since int64) {
	old := e.who.Get(f)
	if field.Equal(old, value) {
		return
	}
	if f.Busy() {
		e.refused = field.ErrBusy(f)
	}
	if since == 0 {
		since = e.now
	}
	e.who.Set(f, value)
	if f.Identifier && !f.Default {
		if old != nil {
			e.gone = append(e.gone, Identifier{f.ID, IdentifierKey(old), e.who.ID})
		}
		if value != nil {
			e.held = append(e.held, Identifier{f.ID, IdentifierKey(value), e.who.ID})
		}
	}
	e.changes = append(e.changes, Change{UserID: e.who.ID, Field: f, Old: old, New: value, ValidFrom: since})
}

// finish writes what was set and returns its rows of the history.
func (e *edit) finish(ctx context.Context, tx *sqldb.Tx) ([]HistoryRow, error) {
	if len(e.wrong) > 0 {
		return nil, errs.InvalidFields(e.wrong)
	}
	if e.refused != nil {
		return nil, e.refused
	}
	if len(e.changes) == 0 {
		return nil, nil
	}
	if err := e.rename(ctx, tx); err != nil {
		return nil, err
	}
	if err := Update(ctx, tx, e.communityID, []*Record{e.who}); err != nil {
		return nil, err
	}
	if err := e.identify(ctx, tx); err != nil {
		return nil, err
	}
	for i := range e.changes {
		e.changes[i].RecordedAt = e.now
		e.changes[i].ID = e.changes[i].newID()
	}
	if err := RecordChanges(ctx, tx, e.communityID, e.changes, e.source, e.actor); err != nil {
		return nil, err
	}
	return e.rows(), e.note(ctx, tx)
}

func (e *edit) rename(ctx context.Context, tx *sqldb.Tx) error {
	if e.who.Username == e.before {
		return nil
	}
	if e.who.Claimed() && e.source.Type != "join" {
		return errs.New(errs.Conflict, "account_shared", "This member has an account of their own: only the person changes its username.")
	}
	taken, err := Lookup(ctx, tx, e.communityID, KeySet{Usernames: []string{e.who.UsernameKey}}, false)
	if err != nil {
		return err
	}
	if len(taken) > 0 && taken[0].ID != e.who.ID {
		return errTaken("username_taken", field.Username, "Somebody else has the username %s.", e.who.Username)
	}
	err = RenameAll(ctx, tx, e.communityID, []Rename{{e.who.ID, e.who.Username, e.who.UsernameKey}})
	if sqldb.IsDuplicate(err) {
		return errTaken("username_taken", field.Username, "Somebody else has just taken the username %s.", e.who.Username)
	}
	return err
}

func errTaken(code, field, format string, args ...any) error {
	return errs.New(errs.Conflict, code, format, args...).WithFields(errs.Wrong(field, "duplicate", format, args...))
}

// identify moves the keys that only one member can have.
func (e *edit) identify(ctx context.Context, tx *sqldb.Tx) error {
	for _, held := range e.held {
		f := findField(e.fields, held.FieldID)
		holders, err := Identifiers(ctx, tx, e.communityID, held.FieldID, []string{held.Key})
		if err != nil {
			return err
		}
		if len(holders) > 0 && holders[0].UserID != e.who.ID {
			return errTaken("identifier_taken", f.Field, "Another member has this %s.", f.Called())
		}
	}
	err := SetIdentifiers(ctx, tx, e.communityID, e.gone, e.held)
	if sqldb.IsDuplicate(err) {
		return errTaken("identifier_taken", findField(e.fields, e.held[0].FieldID).Field, "Another member has just taken this value.")
	}
	return err
}

func (e *edit) rows() []HistoryRow {
	rows := make([]HistoryRow, len(e.changes))
	for i, c := range e.changes {
		rows[i] = HistoryRow{
			ID: c.ID, UserID: c.UserID, FieldID: c.Field.ID, Old: c.Old, New: c.New,
			ValidFrom: c.ValidFrom, RecordedAt: c.RecordedAt, Source: e.source, Actor: e.actor,
		}
	}
	return rows
}

// note tells the audit log which fields changed; their values are the
// history's, which goes with the member.
func (e *edit) note(ctx context.Context, tx *sqldb.Tx) error {
	fields := make([]audit.Change, len(e.changes))
	for i, c := range e.changes {
		fields[i].Field = c.Field.Field
	}
	return audit.Record(ctx, tx, e.now, e.communityID, "user.update", audit.Target{Type: "user", ID: e.who.ID, Name: e.who.Username}, fields...)
}

// guardFields waits for everybody who writes values of the community, and
// keeps them from it until the transaction ends.
func guardFields(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	return tx.LockExclusive(ctx, "user_fields "+communityID)
}
