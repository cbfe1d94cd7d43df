package plan

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
)

// decider decides the rows of one batch in file order. Each decision updates the
// identity map for later rows of the same member.
type decider struct {
	*Rules
	matcher
	identities  *IdentityMap
	now         time.Time
	tags        map[string]string // name -> id
	listCreated bool              // decisions list all values of created members, for a digest
	newTags     []member.Tag
	tagIDs      map[string]string // of newTags, by name
	lines       []int             // of the first rows that named newTags

	declined map[string]bool // email keys with a declined membership; may be nil
	since    int64           // start of the job, Unix milliseconds
	earlier  earlierLines    // of members that changed since
	suspects []string        // ids of members that changed since and are not in earlier
	blocked  []Blocked       // keys that rows need
	claims   claims          // keys that their holders release in a later row
	trial    member.Record   // for change
	balances *posting.Batch  // of the identities; nil: the file has no amounts
}

func newDecider(ru *Rules, c *IdentityMap, tags map[string]string, now time.Time) *decider {
	return &decider{Rules: ru, matcher: matcher{update: ru.update}, identities: c, now: now, tags: tags, tagIDs: map[string]string{}}
}

func (p *decider) decide(r *source.Row) Decision {
	v := p.decideRow(r)
	if v.Entry != nil && v.Entry.line == 0 {
		v.Entry.line = r.Line
	}
	for len(p.lines) < len(p.newTags) {
		p.lines = append(p.lines, r.Line)
	}
	return v
}

func (p *decider) decideRow(r *source.Row) Decision {
	switch {
	case r.Empty:
		return Decision{outcome: outcome.Skipped}
	case len(r.Errors) > 0:
		return Decision{outcome: outcome.Failed, errors: p.rowErrors(r)}
	case r.Stale:
		return reject("", "plan_stale", errs.Constant("Something changed since the dry run, so this row would differ from its plan."), r.Identifier())
	}
	entry, problem := p.match(r)
	if problem != nil {
		return Decision{outcome: outcome.Failed, errors: []source.RowError{*problem}}
	}
	known := entry != nil
	switch {
	case p.Rules.update && !known:
		return notFound(r)
	case p.mode == job.UpdateOnly && !known, p.mode == job.CreateOnly && known:
		return Decision{outcome: outcome.Skipped, Entry: entry}
	case !known && p.declined[r.EmailKey]:
		return reject(p.header(field.EmailName), "member_declined", errs.Constant(member.MessageDeclined), r.Email)
	case !known:
		return p.create(r)
	}
	return p.change(r, entry)
}

// notFound rejects a row without a member, with the key of the lookup.
func notFound(r *source.Row) Decision {
	if s := r.IdentifierCell(); s != nil && r.UserRef == "" && r.Email == "" && r.Username == "" {
		return reject(s.Column.Header, "user_not_found", errs.NewSentence("No member of this community has this %s.", s.Field.Label()), s.Text)
	}
	return reject("", "user_not_found", errs.Constant("No member of this community has this email, username or id."), cmp.Or(r.UserRef, r.Identifier()))
}

// create plans a new, unclaimed member. Accounts with the same email or username
// do not matter.
func (p *decider) create(r *source.Row) Decision {
	now := p.now.UnixMilli()
	entry := &Entry{created: true, Record: &member.Record{
		Email: r.Email, EmailKey: r.EmailKey, Username: r.Username, UsernameKey: r.UsernameKey,
	}}
	entry.State, entry.JoinedAt, entry.UpdatedAt = member.Active, now, now
	for _, f := range p.defaults {
		entry.Set(f, f.DefaultValue)
	}
	mark := len(p.newTags)
	changes, problems := p.apply(r, entry)
	problems = append(problems, p.missing(r, entry)...)
	if len(problems) > 0 {
		p.discardTags(mark)
		return Decision{outcome: outcome.Failed, errors: problems}
	}
	entry.ID = id.New(p.now)
	p.identities.add(entry)
	p.identities.TrackIdentifiers(entry, changes)
	return Decision{outcome: outcome.Created, Entry: entry, changes: changes}
}

// missing returns an error for each required field without a value.
func (p *decider) missing(r *source.Row, fresh *Entry) (problems []source.RowError) {
	require := func(name string, given bool) {
		if !given {
			problems = append(problems, *source.NewRowError(p.header(name), "required", errs.NewSentence("A new member needs %s.", p.byID[name].Label()), ""))
		}
	}
	require(field.FirstName, fresh.FirstName != "")
	require(field.LastName, fresh.LastName != "")
	require(field.Username, fresh.Username != "")
	require(field.EmailName, r.Email != "")
	for _, f := range p.required {
		require(f.ID, fresh.Get(f) != nil)
	}
	return problems
}

// discardTags removes the new tags of a failed row.
func (p *decider) discardTags(mark int) {
	for _, t := range p.newTags[mark:] {
		delete(p.tagIDs, t.Name)
	}
	p.newTags = p.newTags[:mark]
}

// change plans the changes of a member.
func (p *decider) change(r *source.Row, entry *Entry) Decision {
	changed := *entry
	changed.created = false // for this row the member exists already
	values := p.trial.Values[:0]
	values = append(values, entry.Values...)
	p.trial = *entry.Record
	p.trial.Values, changed.Record = values, &p.trial
	mark := len(p.newTags)
	changes, problems := p.apply(r, &changed)
	switch {
	case len(problems) > 0:
		p.discardTags(mark)
		return Decision{outcome: outcome.Failed, errors: problems}
	case len(changes) == 0:
		return Decision{outcome: outcome.Unchanged, Entry: entry}
	}
	if message := p.MemberDenial(entry); !message.IsZero() && slices.ContainsFunc(changes, isOfMember) {
		p.discardTags(mark)
		return reject("", "member_above_rank", message, r.Identifier())
	}
	p.accept(entry, changes)
	return Decision{outcome: outcome.Updated, Entry: entry, changes: changes}
}

// isOfMember reports whether a change is of a field of the member: not of a balance.
func isOfMember(c member.Change) bool { return posting.UnitOf(c.Field) == "" }

// accept changes the entry of a row without errors.
func (p *decider) accept(entry *Entry, changes []member.Change) {
	dirty := false
	for _, c := range changes {
		switch unit := posting.UnitOf(c.Field); {
		case unit != "":
			entry.setPosted(unit, c.New.(int64))
			continue
		case c.Field == p.username:
			p.identities.Rename(entry, p.username, c.New.(string))
		default:
			entry.Set(c.Field, c.New)
		}
		dirty = true
	}
	if !dirty {
		return
	}
	entry.Dirty = true
	at := entry.Stamp(p.now.UnixMilli())
	for i := range changes {
		changes[i].RecordedAt = at
	}
	p.identities.TrackIdentifiers(entry, changes)
}

// apply sets the values of a row and returns the changes.
func (p *decider) apply(r *source.Row, entry *Entry) (changes []member.Change, problems []source.RowError) {
	for i := range r.Cells {
		s := &r.Cells[i]
		if s.Field == p.username && (entry.created || account.UsernameKey(entry.Username) == r.UsernameKey) {
			continue // set already, or the same name in another spelling
		}
		if change, posts := s.Value.(posting.Change); posts {
			posted, wrong := p.post(s, change, entry)
			if problems = append(problems, wrong...); posted != nil {
				changes = append(changes, *posted)
			}
			continue
		}
		if p.Rules.amountsOnly {
			continue // the cell identifies the member
		}
		value, wrong := p.value(r, s, entry)
		if len(wrong) > 0 {
			problems = append(problems, wrong...)
			continue
		}
		old := entry.Get(s.Field)
		if field.Equal(old, value) {
			continue
		}
		entry.Set(s.Field, value)
		if entry.created && !p.listCreated && !s.Field.Identifier {
			continue // the file has the values of new members
		}
		changes = append(changes, member.Change{UserID: entry.ID, Field: s.Field, Old: old, New: value})
	}
	return changes, problems
}

// post returns the change of a balance, nil if there is none, or the errors of the cell.
func (p *decider) post(s *source.Cell, c posting.Change, entry *Entry) (*member.Change, []source.RowError) {
	unit := posting.UnitOf(s.Field)
	before := entry.balance(unit, p.balances.Balance(entry.ID, unit))
	next, problem := c.Next(before)
	switch {
	case problem != nil:
		return nil, cellError(s, problem.Code, problem.Said)
	case next == before.Posted:
		return nil, nil
	}
	return &member.Change{UserID: entry.ID, Field: s.Field, Old: before.Posted, New: next}, nil
}

// value returns the new value of a field, or the errors of the cell.
func (p *decider) value(r *source.Row, s *source.Cell, entry *Entry) (any, []source.RowError) {
	list, named := s.Value.(source.Names)
	switch {
	case s.Field.Type == field.RoleList: // also for a clear
		return p.roleIDs(s, list, entry)
	case named:
		return p.tagList(s, list)
	}
	switch {
	case s.Op != source.Overwrite:
		sum, problem := field.AddNumbers(entry.Get(s.Field), s.Value.(json.Number))
		if problem != nil {
			return nil, cellError(s, problem.Code, problem.Said)
		}
		return sum, nil
	case s.Field.Identifier && !s.Field.Default && s.Value != nil:
		holder := p.identities.identifiers[Key{s.Field.ID, member.IdentifierKey(s.Value)}]
		if holder != nil && (entry.ID == "" || holder.ID != entry.ID) && !p.claims.allow(r, entry.ID, UniqueKey(s.Field, s.Value), s.Field, holder) {
			p.blocked = append(p.blocked, newBlocked(UniqueKey(s.Field, s.Value), s.Field, holder, entry))
			return nil, cellError(s, "identifier_taken", errs.NewSentence("Another member has this %s.", s.Field.Label()))
		}
	}
	return s.Value, nil
}

// cellError returns the error of a whole cell.
func cellError(s *source.Cell, code string, message errs.Sentence) []source.RowError {
	return []source.RowError{*source.NewRowError(s.Column.Header, code, message, s.Text)}
}

// roleIDs returns the roles of a cell, sorted. @all cannot be removed.
func (p *decider) roleIDs(s *source.Cell, list source.Names, entry *Entry) (any, []source.RowError) {
	ids, wrong := p.roleIDsNamed(s, list)
	if len(wrong) > 0 {
		return nil, wrong
	}
	value := normalised(ids)
	if !p.Open {
		if message := p.RoleDenial(entry, ids); !message.IsZero() {
			return nil, cellError(s, "role_above_rank", message)
		}
	}
	return value, nil
}

// tagList returns the tags of a cell, or an error for each name that is not one.
func (p *decider) tagList(s *source.Cell, list source.Names) (any, []source.RowError) {
	ids := []string{}
	var wrong source.CellErrors
	for _, name := range list {
		tagID, ok := p.tags[name]
		if !ok {
			tagID, ok = p.tagIDs[name]
		}
		switch {
		case ok:
			ids = append(ids, tagID)
		case !p.createTags:
			wrong.Add(s.Column.Header, "unknown_tag", errs.NewSentence("There is no tag %q. Tag names are case-sensitive. Missing tags are created with %s.", name, errs.NewOption("createTags=true", "Create tags that do not exist")), name)
		default:
			tagID, problem := p.createTag(name)
			if problem != nil {
				wrong.Add(s.Column.Header, problem.Code, problem.Said, name)
				continue
			}
			ids = append(ids, tagID)
		}
	}
	if len(wrong.List) > 0 {
		return nil, wrong.List
	}
	return normalised(ids), nil
}

// createTag plans a new tag and returns its id.
func (p *decider) createTag(name string) (string, *field.Problem) {
	name = strings.Clone(name) // a dry run retains it longer than the record
	checked, problem := member.CheckTag(name)
	if problem != nil {
		return "", problem
	}
	if len(p.tags)+len(p.tagIDs) >= member.MaxTags {
		return "", &field.Problem{Code: "too_many_tags", Said: errs.NewSentence("A community has at most %d tags.", member.MaxTags)}
	}
	tag := member.Tag{ID: id.New(p.now), Name: checked, CreatedAt: p.now.UnixMilli()}
	p.newTags = append(p.newTags, tag)
	p.tagIDs[name] = tag.ID
	return tag.ID, nil
}

// normalised returns sorted ids without duplicates, nil if there are none.
func normalised(ids []string) any {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// match returns the member of a row, nil for a new one.
func (p *decider) match(r *source.Row) (*Entry, *source.RowError) {
	entry := p.find(r)
	if entry == nil {
		return nil, nil
	}
	if r.EmailKey != "" && entry.EmailKey != r.EmailKey {
		return nil, source.NewRowError(p.header(field.EmailName), "email_differs", errs.Constant("The member found by the other column has another email. An import never changes emails."), r.Email)
	}
	if r.UsernameKey != "" && entry.UsernameKey != r.UsernameKey {
		if problem := p.repeated(r, entry); problem != nil {
			return nil, problem
		}
		if other := p.identities.usernames[r.UsernameKey]; other != nil && !p.claims.allow(r, entry.ID, Key{field.Username, r.UsernameKey}, p.username, other) {
			p.blocked = append(p.blocked, newBlocked(Key{field.Username, r.UsernameKey}, p.username, other, entry))
			return nil, source.NewRowError(p.header(field.Username), "identity_conflict", errs.Constant("The email and the username belong to two different members."), r.Username)
		}
		if entry.Claimed() {
			return nil, source.NewRowError(p.header(field.Username), "username_differs", errs.Constant("The member with this email has another username. Only the person can change it."), r.Username)
		}
	}
	if code, message := member.InactiveReason(entry.State); code != "" {
		return nil, source.NewRowError("", code, errs.Constant(message), r.Identifier())
	}
	if p.Open && p.protected(entry) {
		return nil, source.NewRowError("", "member_protected", errs.Constant("This member has permissions on the server. An import without a credential cannot change them."), r.Identifier())
	}
	return entry, nil
}

func (p *decider) find(r *source.Row) *Entry {
	for _, k := range p.matchKeys(r) {
		if entry := p.identities.Find(k); entry != nil {
			return entry
		}
	}
	return nil
}

// rowErrors returns all errors of a row that failed when it was read, also
// unknown roles and tags. Its member is not looked up, so conflicts and missing
// values are reported after these errors are corrected.
func (p *decider) rowErrors(r *source.Row) []source.RowError {
	problems := slices.Clip(r.Errors) // the row may be decided again
	mark := len(p.newTags)
	for i := range r.Cells {
		s := &r.Cells[i]
		list, named := s.Value.(source.Names)
		if !named {
			continue
		}
		var wrong []source.RowError
		if s.Field.Type == field.RoleList {
			_, wrong = p.roleIDsNamed(s, list)
		} else {
			_, wrong = p.tagList(s, list)
		}
		problems = append(problems, wrong...)
	}
	p.discardTags(mark)
	return problems
}

// roleIDsNamed returns the roles that a cell names, in its order, or an error for each
// name that cannot be assigned.
func (p *decider) roleIDsNamed(s *source.Cell, list source.Names) ([]string, []source.RowError) {
	ids := []string{}
	var wrong source.CellErrors
	for _, name := range list {
		role, ok := p.roles[name]
		switch {
		case !ok:
			wrong.Add(s.Column.Header, "unknown_role", errs.NewSentence("There is no role %q. Role names are case-sensitive.", name), name)
		case p.Open && (role.Billable || role.GrantsPermission()):
			wrong.Add(s.Column.Header, "role_protected", errs.NewSentence("The role %q has permissions or is billable, so an import without a credential cannot assign it.", name), name)
		}
		ids = append(ids, role.ID)
	}
	return ids, wrong.List
}

func (p *decider) decideAll(rows []source.Row) Decisions {
	return p.exchange(rows, func() Decisions { return p.decideEach(rows) })
}

func (p *decider) decideEach(rows []source.Row) Decisions {
	done := Decisions{list: make([]Decision, len(rows))}
	p.blocked, p.suspects = nil, nil
	for i := range rows {
		done.list[i] = p.decide(&rows[i])
		done.Counts.Add(done.list[i].outcome)
	}
	return done
}

// unverifiedKeys returns keys with a holder, or none, that the plan only assumes. Optimistic plans rely on the unique keys of the database for new
// members.
func (p *decider) unverifiedKeys(rows []source.Row, optimistic bool) (keys []Key) {
	for i := range rows {
		if len(rows[i].Errors) > 0 {
			continue
		}
		for _, k := range p.lookupKeys(&rows[i]) {
			if !p.identities.verified(k, optimistic) {
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// exchange decides the rows. If a claim leaves a key with two members, because
// the holder's row failed, the rows are decided again without it.
func (p *decider) exchange(rows []source.Row, decide func() Decisions) Decisions {
	p.claims = p.findExchanges(rows)
	if len(p.claims.allowed) == 0 {
		return decide()
	}
	before, tags, tagIDs, lines := p.identities.clone(), slices.Clone(p.newTags), maps.Clone(p.tagIDs), slices.Clone(p.lines)
	for round := 1; ; round++ {
		done := decide()
		if !p.claims.revokeFailed() {
			return done
		}
		if round == exchangeRounds {
			clear(p.claims.allowed)
		}
		*p.identities = *before.clone()
		p.newTags, p.lines, p.claims.used = slices.Clone(tags), slices.Clone(lines), nil
		clear(p.tagIDs) // shared with others
		maps.Copy(p.tagIDs, tagIDs)
	}
}

// findExchanges returns the claims on keys whose holders release them in a later
// row.
func (p *decider) findExchanges(rows []source.Row) claims {
	var found claims
	if len(p.identities.entries) == 0 {
		return found
	}
	given := map[Key]int{} // the later row that releases a key
	for i := len(rows) - 1; i >= 0; i-- {
		r := &rows[i]
		if r.Empty || r.Stale || len(r.Errors) > 0 {
			continue
		}
		entry := p.find(r)
		if entry == nil || !entry.IsMember() {
			continue
		}
		for j := range r.Cells {
			s := &r.Cells[j]
			if !s.Field.Identifier || s.Field.Default && s.Field != p.username || s.Field == p.username && r.UsernameKey == entry.UsernameKey {
				continue
			}
			if s.Value != nil {
				if giver, ok := given[UniqueKey(s.Field, s.Value)]; ok {
					if found.allowed == nil {
						found.allowed = map[claim]bool{}
					}
					found.allowed[claim{r.Line, UniqueKey(s.Field, s.Value)}] = true
					found.spans = append(found.spans, Span{i, giver})
				}
			}
			if old := entry.Get(s.Field); old != nil && (s.Value == nil || UniqueKey(s.Field, old) != UniqueKey(s.Field, s.Value)) {
				given[UniqueKey(s.Field, old)] = i
			}
		}
	}
	return found
}

// tagNames returns the names of all tags by id.
func (p *decider) tagNames() map[string]string {
	names := make(map[string]string, len(p.tags))
	for name, tagID := range p.tags {
		names[tagID] = name
	}
	for name, tagID := range p.tagIDs {
		names[tagID] = name
	}
	return names
}
