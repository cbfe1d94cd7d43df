package plan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/correction"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Rules are the rules for the rows of one job.
type Rules struct {
	update             bool // rows create no members
	amountsOnly        bool // cells change no fields of members
	units              []ledger.Unit
	reason             string // of entries, if the row has none
	mode               string
	Open               bool // without a credential; limited by protected and roleIDs
	createTags         bool
	fields             []field.Field
	required           []*field.Field // custom fields that new members need
	defaults           []*field.Field // custom fields with a default value
	username           *field.Field
	roles              map[string]access.Role // by text.Name of the title, without @all
	RolesByID          map[string]access.Role
	byID               map[string]*field.Field
	headers            map[string]string // headers of the file, by field id
	installationOwners map[string]bool   // accounts of the owners of the installation; only for open imports
	Authority          access.Authority  // of the actor of the job
}

// NewRules returns rules without headers, owners and authority.
func NewRules(typ job.Type, o job.Options, open bool, fields []field.Field, roles []access.Role) *Rules {
	ru := &Rules{
		update: typ != job.Import, amountsOnly: typ == job.Premium, reason: reasonOf(typ), mode: o.Mode, Open: open, createTags: o.CreateTags, fields: fields,
		roles: map[string]access.Role{}, RolesByID: map[string]access.Role{}, byID: map[string]*field.Field{}, headers: map[string]string{},
	}
	for i := range fields {
		f := &fields[i]
		ru.byID[f.ID] = f
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
		ru.RolesByID[r.ID] = r
		if name := text.Name(r.Title); !r.Everyone {
			// Titles of older versions may differ in white space only.
			if _, taken := ru.roles[name]; !taken || r.Title == name {
				ru.roles[name] = r
			}
		}
	}
	return ru
}

// reasonOf returns the reason of the entries of a job.
func reasonOf(typ job.Type) string {
	if typ == job.Premium {
		return "Premium currency bulk update"
	}
	return "Bulk update"
}

// readHeaders adds the headers of a file.
func (ru *Rules) readHeaders(l *source.Header) {
	ru.units = l.Units()
	for i := range l.Columns {
		if c := &l.Columns[i]; c.Field != nil {
			ru.headers[c.Field.ID] = c.Header
		}
	}
}

// header is the header of a field in the file, or its name.
func (ru *Rules) header(fieldID string) string {
	if header, ok := ru.headers[fieldID]; ok {
		return header
	}
	if f := ru.byID[fieldID]; f != nil {
		return f.Name
	}
	return ""
}

// RoleDenial returns why the actor may not change a member's roles to ids, zero
// if they may.
func (ru *Rules) RoleDenial(entry *Entry, ids []string) errs.Sentence {
	if ru.Authority.MayAssignAll() {
		return errs.Sentence{}
	}
	held := ru.RolesOf(entry)
	changes := func(from, to []string, giving bool) errs.Sentence {
		for _, roleID := range from {
			role, ok := ru.RolesByID[roleID]
			if !ok || slices.Contains(to, roleID) {
				continue
			}
			err := ru.Authority.KeyMayAssign(role)
			if err == nil && !ru.Authority.OutranksAllRoles() {
				err = ru.Authority.MayAssign(role, giving, entry.ID, entry.Owner, held)
			}
			if err != nil {
				return errs.From(err).Sentence
			}
		}
		return errs.Sentence{}
	}
	if message := changes(ids, entry.RoleIDs, true); !message.IsZero() {
		return message
	}
	return changes(entry.RoleIDs, ids, false)
}

// MemberDenial returns why the actor may not change a member, zero if they may.
// For imports without a credential, protected decides.
func (ru *Rules) MemberDenial(entry *Entry) errs.Sentence {
	if ru.Open || ru.Authority.OutranksAllRoles() {
		return errs.Sentence{}
	}
	if err := ru.Authority.MayChangeMember(entry.ID, entry.Owner, ru.RolesOf(entry)); err != nil {
		return errs.From(err).Sentence
	}
	return errs.Sentence{}
}

// RolesOf are the roles of a member.
func (ru *Rules) RolesOf(entry *Entry) []access.Role {
	held := []access.Role{}
	for _, roleID := range entry.RoleIDs {
		if role, ok := ru.RolesByID[roleID]; ok {
			held = append(held, role)
		}
	}
	return held
}

func (ru *Rules) protected(entry *Entry) bool {
	if entry.Owner || entry.Claimed() && ru.installationOwners[entry.AccountID] {
		return true
	}
	return slices.ContainsFunc(entry.RoleIDs, func(roleID string) bool { return ru.RolesByID[roleID].GrantsServerPermission() })
}

// LoadRules parses the header of a job's file and loads the rules for its rows.
func LoadRules(ctx context.Context, q sqldb.Querier, j *job.Job, header []string, now int64) (*source.Header, *Rules, error) {
	d, err := job.LoadDictionary(ctx, q, j)
	if err != nil {
		return nil, nil, err
	}
	columns, err := d.ReadHeader(header, j.Options.Mapping)
	if err != nil {
		return nil, nil, err
	}
	if err := columns.SetValues(j.Options.Values); err != nil {
		return nil, nil, err
	}
	corrected, err := correction.Load(ctx, q, j.CommunityID, j.ID)
	if err != nil {
		return nil, nil, err
	}
	columns.SetCorrections(corrected)
	roles, err := access.Roles(ctx, q, j.CommunityID)
	if err != nil {
		return nil, nil, err
	}
	rules := NewRules(j.Type, j.Options, j.Actor == actor.Actor{Kind: actor.Open}.Ref(), d.Fields, roles)
	rules.readHeaders(columns)
	if rules.Open {
		if rules.installationOwners, err = account.InstallationOwners(ctx, q); err != nil {
			return nil, nil, err
		}
	}
	rules.Authority, err = Authority(ctx, q, j, now)
	return columns, rules, err
}

// Authority is the present authority of the actor of a job.
func Authority(ctx context.Context, q sqldb.Querier, j *job.Job, now int64) (access.Authority, error) {
	return access.AuthorityOfRef(ctx, q, member.Memberships{}, j.Actor, j.CommunityID, now)
}

// Revision is a hash of everything a plan depends on except members.
func Revision(ctx context.Context, q sqldb.Querier, communityID string) (string, error) {
	fields, err := field.List(ctx, q, communityID)
	if err != nil {
		return "", err
	}
	names, err := member.LoadNames(ctx, q, communityID)
	if err != nil {
		return "", err
	}
	home, err := community.Load(ctx, q, communityID)
	if err != nil {
		return "", err
	}
	for i := range fields { // independent of jobs that rewrite values
		fields[i].Work, fields[i].Indexed = field.Work{}, false
	}
	text, err := json.Marshal([]any{fields, names, home.Name, home.Settings})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), err
}

// MayRun fails with Forbidden "not_allowed_any_more" if the actor of a job could not
// start it now.
func MayRun(ctx context.Context, q sqldb.Querier, j *job.Job, now int64) error {
	var allowed bool
	var err error
	if j.Actor == (actor.Actor{Kind: actor.Open}).Ref() {
		var home community.Community
		home, err = community.Load(ctx, q, j.CommunityID)
		allowed = home.Settings.OpenBulkImport
	} else {
		var power access.Authority
		power, err = Authority(ctx, q, j, now)
		allowed = power.Allows(permission.BulkUpdateUser, now)
	}
	if err != nil || allowed {
		return err
	}
	return errs.New(errs.Forbidden, "not_allowed_any_more", "The person who started this job no longer has permission for bulk changes. Applied rows are kept. Someone with permission can start it again.")
}
