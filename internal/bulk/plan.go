package bulk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/text"
)

// rules are what the rows of one job are judged by.
type rules struct {
	typ        Type
	mode       string
	open       bool // no credential: see the limits in protected and roleIDs
	createTags bool
	fields     []field.Field
	required   []*field.Field // custom fields a new member needs
	defaults   []*field.Field // custom fields with a default value
	username   *field.Field
	roles      map[string]access.Role // by text.Name of the title, without @all
	rolesByID  map[string]access.Role
	names      map[string]string // what people call a field, by its id
	headers    map[string]string // what the file calls it, where it has the column
	installers map[string]bool   // accounts of the owners of the installation; only for open imports
	power      access.Authority  // whose roles and members stand below who began the job
}

func newRules(typ Type, o Options, open bool, fields []field.Field, roles []access.Role) *rules {
	ru := &rules{
		typ: typ, mode: o.Mode, open: open, createTags: o.CreateTags, fields: fields,
		roles: map[string]access.Role{}, rolesByID: map[string]access.Role{}, names: map[string]string{}, headers: map[string]string{},
	}
	for i := range fields {
		f := &fields[i]
		ru.names[f.ID] = f.Name
		switch {
		case f.Default && f.Field == field.Username:
			ru.username = f
		case f.Default:
		case f.DefaultValue != nil:
			ru.defaults = append(ru.defaults, f)
		case f.Required:
			ru.required = append(ru.required, f)
		}
	}
	for _, r := range roles {
		ru.rolesByID[r.ID] = r
		if name := text.Name(r.Title); !r.Everyone {
			// Titles of older versions may differ in white space only.
			if _, taken := ru.roles[name]; !taken || r.Title == name {
				ru.roles[name] = r
			}
		}
	}
	return ru
}

// readHeaders takes over what a file calls the fields.
func (ru *rules) readHeaders(l *layout) {
	for i := range l.columns {
		if c := &l.columns[i]; c.field != nil {
			ru.headers[c.field.ID] = c.header
		}
	}
}

// header is what the file calls a field, else what people do.
func (ru *rules) header(fieldID string) string {
	if header, ok := ru.headers[fieldID]; ok {
		return header
	}
	return ru.names[fieldID]
}

// verdict is what becomes of a row.
type verdict struct {
	outcome  Outcome
	person   *person
	changes  []member.Change
	problems []Problem
}

// planner decides rows of one piece in file order. It changes the crowd as it
// goes, so that a later row of the same person builds on an earlier one.
type planner struct {
	*rules
	crowd   *crowd
	now     time.Time
	tags    map[string]string // name -> id
	tells   bool              // verdicts list what created people are made of, for a fingerprint
	newTags []member.Tag
	tagIDs  map[string]string // of newTags, by name
	lines   []int             // of the rows that named newTags first

	declined map[string]bool // email keys of persons who declined to be members; nil: none
	takes    takes           // of names and identifiers that their holders give up in a later row
	room     [8]identity     // for keys
	trial    member.Record   // for change
}

func newPlanner(ru *rules, c *crowd, tags map[string]string, now time.Time) *planner {
	return &planner{rules: ru, crowd: c, now: now, tags: tags, tagIDs: map[string]string{}}
}

func (p *planner) decide(r *row) verdict {
	v := p.judge(r)
	for len(p.lines) < len(p.newTags) {
		p.lines = append(p.lines, r.line)
	}
	return v
}

func (p *planner) judge(r *row) verdict {
	switch {
	case r.empty:
		return verdict{outcome: Skipped}
	case len(r.problems) > 0:
		return verdict{outcome: RowFailed, problems: p.faults(r)}
	case r.stale:
		return refuse("", "plan_stale", "Something changed since the dry run, so this row would no longer do what its plan says.", r.identifier())
	}
	who, problem := p.resolve(r)
	if problem != nil {
		return verdict{outcome: RowFailed, problems: []Problem{*problem}}
	}
	known := who != nil
	switch {
	case p.typ == Update && !known:
		return notFound(r)
	case p.mode == UpdateOnly && !known, p.mode == CreateOnly && known:
		return verdict{outcome: Skipped, person: who}
	case !known && p.declined[r.emailKey]:
		return refuse(p.header(field.EmailName), "member_declined", member.MessageDeclined, r.email)
	case !known:
		return p.create(r)
	}
	return p.change(r, who)
}

func refuse(column, code, message, value string) verdict {
	return verdict{outcome: RowFailed, problems: []Problem{{column, code, message, value}}}
}

// notFound refuses a row with what its person was looked up by.
func notFound(r *row) verdict {
	if s := r.identifying(); s != nil && r.userRef == "" && r.email == "" && r.username == "" {
		return refuse(s.column.header, "user_not_found", fmt.Sprintf("No member of this community has this %s.", s.field.Name), s.text)
	}
	return refuse("", "user_not_found", "No member of this community has this email, username or id.", cmp.Or(r.userRef, r.identifier()))
}

func (p *planner) protected(who *person) bool {
	if who.Owner || who.Claimed() && p.installers[who.AccountID] {
		return true
	}
	return slices.ContainsFunc(who.RoleIDs, func(roleID string) bool { return p.rolesByID[roleID].GrantsServerPermission() })
}

// create plans a new member, who is unclaimed: whether an account has the email
// or the username is never looked at.
func (p *planner) create(r *row) verdict {
	now := p.now.UnixMilli()
	who := &person{newMember: true, Record: &member.Record{
		Email: r.email, EmailKey: r.emailKey, Username: r.username, UsernameKey: r.usernameKey,
	}}
	who.State, who.JoinedAt, who.UpdatedAt = member.Active, now, now
	for _, f := range p.defaults {
		who.Set(f, f.DefaultValue)
	}
	mark := len(p.newTags)
	changes, problems := p.apply(r, who)
	problems = append(problems, p.missing(r, who)...)
	if len(problems) > 0 {
		p.forgetTags(mark)
		return verdict{outcome: RowFailed, problems: problems}
	}
	who.ID = id.New(p.now)
	p.crowd.add(who)
	p.hold(who, changes)
	return verdict{outcome: Created, person: who, changes: changes}
}

// missing names what a new member lacks.
func (p *planner) missing(r *row, fresh *person) (problems []Problem) {
	require := func(name string, given bool) {
		if !given {
			problems = append(problems, Problem{p.header(name), "required", fmt.Sprintf("A new member needs %s.", p.names[name]), ""})
		}
	}
	require(field.FirstName, fresh.FirstName != "")
	require(field.LastName, fresh.LastName != "")
	require(field.Username, fresh.Username != "")
	require(field.EmailName, r.email != "")
	for _, f := range p.required {
		require(f.ID, fresh.Get(f) != nil)
	}
	return problems
}

// forgetTags takes back the tags that a row would have made which failed.
func (p *planner) forgetTags(mark int) {
	for _, t := range p.newTags[mark:] {
		delete(p.tagIDs, t.Name)
	}
	p.newTags = p.newTags[:mark]
}

// change plans the changes of somebody who is a member.
func (p *planner) change(r *row, who *person) verdict {
	changed := *who
	changed.newMember = false // to this row the person is somebody who was there
	values := p.trial.Values[:0]
	values = append(values, who.Values...)
	p.trial = *who.Record
	p.trial.Values, changed.Record = values, &p.trial
	mark := len(p.newTags)
	changes, problems := p.apply(r, &changed)
	switch {
	case len(problems) > 0:
		p.forgetTags(mark)
		return verdict{outcome: RowFailed, problems: problems}
	case len(changes) == 0:
		return verdict{outcome: Unchanged, person: who}
	}
	if message := p.aboveMaker(who); message != "" {
		p.forgetTags(mark)
		return refuse("", "member_above_rank", message, r.identifier())
	}
	for _, c := range changes {
		if c.Field == p.username {
			p.crowd.rename(who, p.username, c.New.(string))
			continue
		}
		who.Set(c.Field, c.New)
	}
	who.dirty = true
	at := who.Stamp(p.now.UnixMilli())
	for i := range changes {
		changes[i].RecordedAt = at
	}
	p.hold(who, changes)
	return verdict{outcome: Updated, person: who, changes: changes}
}

// apply gives who the values of a row and returns what that changes.
func (p *planner) apply(r *row, who *person) (changes []member.Change, problems []Problem) {
	for i := range r.sets {
		s := &r.sets[i]
		if s.field == p.username && (who.newMember || account.UsernameKey(who.Username) == r.usernameKey) {
			continue // a new member has it already, and another spelling is the same name
		}
		value, problem := p.value(r, s, who)
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		old := who.Get(s.field)
		if field.Equal(old, value) {
			continue
		}
		who.Set(s.field, value)
		if who.newMember && !p.tells && !s.field.Identifier {
			continue // the file tells what somebody was created with
		}
		changes = append(changes, member.Change{UserID: who.ID, Field: s.field, Old: old, New: value})
	}
	return changes, problems
}

// value is what a cell makes of a field.
func (p *planner) value(r *row, s *set, who *person) (any, *Problem) {
	list, named := s.value.(names)
	switch {
	case s.field.Type == field.RoleList: // also when it is to be cleared
		return p.roleIDs(s, list, who)
	case named:
		return p.tagList(s, list)
	}
	switch {
	case s.op != overwrite:
		sum, problem := field.AddNumbers(who.Get(s.field), s.value.(json.Number))
		if problem != nil {
			return nil, &Problem{s.column.header, problem.Code, problem.Said.English, s.text}
		}
		return sum, nil
	case s.field.Identifier && !s.field.Default && s.value != nil:
		holder := p.crowd.identifiers[identity{s.field.ID, member.IdentifierKey(s.value)}]
		if holder != nil && (who.ID == "" || holder.ID != who.ID) && !p.takes.allow(r, who.ID, uniqueKey(s.field, s.value), s.field, holder) {
			return nil, &Problem{s.column.header, "identifier_taken", fmt.Sprintf("Another member has this %s.", s.field.Name), s.text}
		}
	}
	return s.value, nil
}

// roleIDs are the roles a cell names, sorted; @all stays with everybody.
func (p *planner) roleIDs(s *set, list names, who *person) (any, *Problem) {
	ids, problem := p.rolesNamed(s, list)
	if problem != nil {
		return nil, problem
	}
	value := normalised(ids)
	if !p.open {
		if message := p.above(who, ids); message != "" {
			return nil, &Problem{s.column.header, "role_above_rank", message, s.text}
		}
	}
	return value, nil
}

func (p *planner) tagList(s *set, list names) (any, *Problem) {
	ids := []string{}
	for _, name := range list {
		tagID, ok := p.tags[name]
		if !ok {
			tagID, ok = p.tagIDs[name]
		}
		if !ok && p.createTags {
			name = strings.Clone(name) // a dry run keeps it longer than the record
			checked, problem := checkNewTag(name)
			if problem == nil && len(p.tags)+len(p.tagIDs) >= member.MaxTags {
				problem = &field.Problem{Code: "too_many_tags", Said: errs.NewSentence("A community has at most %d tags.", member.MaxTags)}
			}
			if problem != nil {
				return nil, &Problem{s.column.header, problem.Code, problem.Said.English, s.text}
			}
			tag := member.Tag{ID: id.New(p.now), Name: checked, CreatedAt: p.now.UnixMilli()}
			p.newTags = append(p.newTags, tag)
			p.tagIDs[name], tagID, ok = tag.ID, tag.ID, true
		}
		if !ok {
			return nil, &Problem{s.column.header, "unknown_tag", fmt.Sprintf("There is no tag %q; names are compared with their case. createTags=true makes missing tags.", name), s.text}
		}
		ids = append(ids, tagID)
	}
	return normalised(ids), nil
}

// checkNewTag is member.CheckTag for a tag that a file creates: a name that looks
// like several names is more likely a list with another separator.
func checkNewTag(name string) (string, *field.Problem) {
	if strings.ContainsAny(name, ";|[") {
		return name, &field.Problem{Code: "invalid_tag", Said: errs.NewSentence("An import creates no tag with ; | or [ in its name. Separate tags with commas, or create the tag %q before the import.", name)}
	}
	return member.CheckTag(name)
}

// normalised ids are sorted, each once; none of them is unset.
func normalised(ids []string) any {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// hold keeps the crowd's identifiers in step with changes.
func (p *planner) hold(who *person, changes []member.Change) {
	for _, c := range changes {
		if !c.Field.Identifier || c.Field.Default {
			continue
		}
		if who.held == nil {
			who.held = map[*field.Field]any{}
		}
		if _, first := who.held[c.Field]; !first {
			who.held[c.Field] = c.Old
		}
		if c.Old != nil && p.crowd.identifiers[uniqueKey(c.Field, c.Old)] == who {
			delete(p.crowd.identifiers, uniqueKey(c.Field, c.Old))
		}
		if c.New != nil {
			p.crowd.identifiers[uniqueKey(c.Field, c.New)] = who
		}
	}
}

func decimalText(n int64) string { return strconv.FormatInt(n, 10) }
