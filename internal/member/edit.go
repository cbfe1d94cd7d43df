package member

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// FieldValue is a new value of a field of a member.
type FieldValue struct {
	Field string // id, database name or name of the field
	Value any    // as JSON decodes it; nil, "" and an empty list clear the field
	Since int64  // valid from, Unix milliseconds; 0: now
}

// Edit is a change of one member in a transaction. The row of the member is
// locked until the transaction ends.
type Edit struct {
	CommunityID string
	Now         int64 // later than every earlier change of the member
	Actor       actor.Actor
	Source      Source
	Fields      []field.Field
	Names       Names
	Member      *Record
	before      string // the username
	Changes     []Change
	gone, held  []Identifier
	Errors      []errs.Field
	Conflict    error  // returned by Finish if all values are valid
	Country     string // alpha-2, of national phone numbers of members without a country; "": none
}

// BeginEdit locks a member and the definitions of fields, and checks that the actor
// may change the member.
func BeginEdit(ctx context.Context, tx *sqldb.Tx, may Authority, communityID, userID string, c clock.Clock) (*Edit, error) {
	e := &Edit{CommunityID: communityID, Actor: may.actor}
	if err := field.LockShared(ctx, tx, communityID); err != nil {
		return nil, err
	}
	var err error
	if e.Fields, err = field.List(ctx, tx, communityID); err != nil {
		return nil, err
	}
	if e.Names, err = LoadNames(ctx, tx, communityID); err != nil {
		return nil, err
	}
	if e.Member, err = LockMember(ctx, tx, communityID, userID); err != nil {
		return nil, err
	}
	e.Start(c.MS())
	return e, may.MayChange(e.Member)
}

// Start starts the change of a locked member at now, in Unix milliseconds.
func (e *Edit) Start(now int64) {
	e.before = e.Member.Username
	e.Now = e.Member.Stamp(now)
}

// LockMember locks an active or pending member, or returns NotFound
// "user_not_found".
func LockMember(ctx context.Context, tx *sqldb.Tx, communityID, userID string) (*Record, error) {
	found, err := LockMembers(ctx, tx, communityID, []string{userID})
	if err == nil && len(found) == 0 {
		err = ErrUserNotFound()
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// LockMembers locks the active or pending members among some ids, in the order
// of the ids.
func LockMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) ([]*Record, error) {
	found, err := Lookup(ctx, tx, communityID, KeySet{IDs: userIDs}, true)
	return slices.DeleteFunc(found, func(who *Record) bool { return who.State != Active && who.State != Pending }), err
}

// ErrUserNotFound returns NotFound "user_not_found".
func ErrUserNotFound() error {
	return errs.Missing("user")
}

// ApplyAll parses values and sets the valid ones. A national phone number is one
// of the country that the values have or the member has, else of the community.
func (e *Edit) ApplyAll(ctx context.Context, tx *sqldb.Tx, values []FieldValue) error {
	hasType := func(v FieldValue, t field.Type) bool {
		f := FindField(e.Fields, v.Field)
		return f != nil && f.Type == t
	}
	if slices.ContainsFunc(values, func(v FieldValue) bool { return hasType(v, field.Phone) }) {
		home, err := community.Load(ctx, tx, e.CommunityID)
		if err != nil {
			return err
		}
		e.Country = home.Settings.DefaultCountry
	}
	earlier, found := e.Errors, make([][]errs.Field, len(values))
	for _, phones := range []bool{false, true} { // countries before phone numbers
		for i, v := range values {
			if hasType(v, field.Phone) == phones {
				e.Errors = nil
				e.apply(v)
				found[i] = e.Errors
			}
		}
	}
	e.Errors = slices.Concat(earlier, slices.Concat(found...))
	return nil
}

// apply parses a value and sets it if it is valid.
func (e *Edit) apply(v FieldValue) {
	f := FindField(e.Fields, v.Field)
	switch {
	case f == nil:
		e.Reject(errs.Wrong(v.Field, "unknown_field", "There is no field %q.", v.Field))
	case v.Since > e.Now:
		e.Reject(errs.Wrong(v.Field, "in_the_future", "A value cannot be valid from a time in the future."))
	default:
		value, problem := e.Parse(f, v.Value)
		if problem != nil {
			e.Reject(problem.At(v.Field))
			return
		}
		e.Set(f, value, v.Since)
	}
}

// Reject adds an error of a value.
func (e *Edit) Reject(wrong errs.Field) { e.Errors = append(e.Errors, wrong) }

// FindField returns the field with an id, database name or name, nil if there
// is none.
func FindField(fields []field.Field, ref string) *field.Field {
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

// Parse converts a JSON value to a value of a field, nil to clear it.
func (e *Edit) Parse(f *field.Field, v any) (any, *field.Problem) {
	switch {
	case f.Default && f.Field == field.EmailName:
		return nil, field.Unfit("not_changeable", "An email address belongs to the account; only the person can change it.")
	case f.Type == field.RoleList:
		return nil, field.Unfit("use_roles", "Roles cannot be set as a value. Add and remove them one by one.")
	case Empty(v):
		if f.Required {
			return nil, field.Unfit("cannot_clear", "%s is required and cannot be cleared.", f.Label())
		}
		return nil, nil
	case f.Type == field.TagList:
		return e.tagIDs(v)
	case f.Default && f.Field == field.Username:
		text, _ := v.(string)
		display, _, problem := account.CheckUsername(text)
		return field.Reject(display, "invalid_username", problem)
	}
	value, problem := f.FromJSONIn(v, cmp.Or(e.Member.Country, e.Country))
	if list, ok := value.([]string); ok && len(list) == 0 {
		value = nil
	}
	return value, problem
}

// Empty reports whether a JSON value clears a field.
func Empty(v any) bool {
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

// tagIDs parses names or ids of tags, as a list or separated by commas.
func (e *Edit) tagIDs(v any) (any, *field.Problem) {
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
		found := e.Names.FindTag(strings.TrimSpace(text))
		if found == "" {
			return nil, field.Unfit("unknown_tag", "There is no tag %q; names are compared with their case.", text)
		}
		ids = append(ids, found)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// Set sets a value of a field in memory, valid from since, in Unix
// milliseconds; 0: now.
func (e *Edit) Set(f *field.Field, value any, since int64) {
	old := e.Member.Get(f)
	if field.Equal(old, value) {
		return
	}
	if f.Busy() {
		e.Conflict = field.ErrBusy(f)
	}
	if since == 0 {
		since = e.Now
	}
	e.Member.Set(f, value)
	if f.Identifier && !f.Default {
		if old != nil {
			e.gone = append(e.gone, Identifier{f.ID, IdentifierKey(old), e.Member.ID})
		}
		if value != nil {
			e.held = append(e.held, Identifier{f.ID, IdentifierKey(value), e.Member.ID})
		}
	}
	e.Changes = append(e.Changes, Change{UserID: e.Member.ID, Field: f, Old: old, New: value, ValidFrom: since})
}

// Finish writes the changes and returns their rows of the history.
func (e *Edit) Finish(ctx context.Context, tx *sqldb.Tx) ([]HistoryRow, error) {
	if len(e.Errors) > 0 {
		return nil, errs.InvalidFields(e.Errors)
	}
	if e.Conflict != nil {
		return nil, e.Conflict
	}
	if len(e.Changes) == 0 {
		return nil, nil
	}
	if err := e.rename(ctx, tx); err != nil {
		return nil, err
	}
	if err := Update(ctx, tx, e.CommunityID, []*Record{e.Member}); err != nil {
		return nil, err
	}
	if err := e.Identify(ctx, tx); err != nil {
		return nil, err
	}
	for i := range e.Changes {
		e.Changes[i].RecordedAt = e.Now
		e.Changes[i].ID = e.Changes[i].NewID()
	}
	if err := RecordChanges(ctx, tx, e.CommunityID, e.Changes, e.Source, e.Actor.Ref()); err != nil {
		return nil, err
	}
	return e.Rows(), e.note(ctx, tx)
}

func (e *Edit) rename(ctx context.Context, tx *sqldb.Tx) error {
	if e.Member.Username == e.before {
		return nil
	}
	if e.Member.Claimed() && e.Source.Type != "join" {
		return errs.New(errs.Conflict, "account_shared", "This member has an account. Only the person can change its username.")
	}
	taken, err := Lookup(ctx, tx, e.CommunityID, KeySet{Usernames: []string{e.Member.UsernameKey}}, false)
	if err != nil {
		return err
	}
	if len(taken) > 0 && taken[0].ID != e.Member.ID {
		return ErrTaken("username_taken", field.Username, "The username %s is taken.", e.Member.Username)
	}
	err = RenameAll(ctx, tx, e.CommunityID, []Rename{{e.Member.ID, e.Member.Username, e.Member.UsernameKey}})
	if sqldb.IsDuplicate(err) {
		return ErrTaken("username_taken", field.Username, "The username %s has just been taken.", e.Member.Username)
	}
	return err
}

// ErrTaken returns a Conflict for a value that another member has.
func ErrTaken(code, field, format string, args ...any) error {
	return errs.New(errs.Conflict, code, format, args...).WithFields(errs.Wrong(field, "duplicate", format, args...))
}

// Identify moves the identifiers to their new values, or returns Conflict
// "identifier_taken".
func (e *Edit) Identify(ctx context.Context, tx *sqldb.Tx) error {
	for _, held := range e.held {
		f := FindField(e.Fields, held.FieldID)
		holders, err := Identifiers(ctx, tx, e.CommunityID, held.FieldID, []string{held.Key})
		if err != nil {
			return err
		}
		if len(holders) > 0 && holders[0].UserID != e.Member.ID {
			return ErrTaken("identifier_taken", f.Field, "Another member has this %s.", f.Label())
		}
	}
	err := SetIdentifiers(ctx, tx, e.CommunityID, e.gone, e.held)
	if sqldb.IsDuplicate(err) {
		return ErrTaken("identifier_taken", FindField(e.Fields, e.held[0].FieldID).Field, "Another member has just taken this value.")
	}
	return err
}

// Rows returns the rows of the history that Finish wrote.
func (e *Edit) Rows() []HistoryRow {
	rows := make([]HistoryRow, len(e.Changes))
	for i, c := range e.Changes {
		rows[i] = HistoryRow{
			ID: c.ID, UserID: c.UserID, FieldID: c.Field.ID, Old: c.Old, New: c.New,
			ValidFrom: c.ValidFrom, RecordedAt: c.RecordedAt, Source: e.Source, Actor: e.Actor.Ref(),
		}
	}
	return rows
}

// note appends the event, and the names of the changed fields to the audit log; their
// values are only in the event and the history, which are erased with the member.
func (e *Edit) note(ctx context.Context, tx *sqldb.Tx) error {
	names, fields := make([]audit.Change, len(e.Changes)), make([]UpdatedField, len(e.Changes))
	for i, c := range e.Changes {
		names[i].Field, fields[i] = c.Field.Field, UpdatedField{c.Field.Field, c.Old, c.New}
	}
	if e.Source.Type != "join" { // who joins has EventJoined
		if err := AppendEvent(ctx, tx, e.Actor, e.Now, e.CommunityID, EventUpdated, e.Member, UserUpdated{e.Member.EventUser(), fields, e.Source}); err != nil {
			return err
		}
	}
	return audit.Record(ctx, tx, e.Actor, e.Now, e.CommunityID, "user.update", audit.Target{Type: "user", ID: e.Member.ID, Name: e.Member.Username}, names...)
}

// ErrUnchanged returns Conflict "value_unchanged".
func ErrUnchanged(f *field.Field) error {
	return errs.New(errs.Conflict, "value_unchanged", "%s already has this value.", f.Label())
}
