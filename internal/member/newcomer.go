package member

import (
	"fmt"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/text"
)

// Newcomer is what a new member is made from.
type Newcomer struct {
	FirstName, LastName string // 1 to 50 characters
	DisplayName         string // at most 50 characters, "" for none
	Username, Email     string
	Password            string       // checked and not kept: nobody but the person chooses one
	Confirm             string       // the password again; "": not asked for
	Role                string       // id or title; "" and @all: no other role
	Ahead               bool         // the person has not joined: pending until they do
	Fields              []FieldValue // custom fields, phone, country and language
	Referral            string       // through whom they came, at most 200 characters
	ExternalID          string       // what another system calls them, unique in the community; "" for none
	Welcome             bool         // a mail says that they are a member
	MailPassword        bool         // a mail holds the password
}

// externalID is what identifiers of other systems are kept under, beside the
// ids of identifier fields.
const externalID = "external_id"

const maxReference = 200 // characters of an external id, and of a referral

// newcomer is a Newcomer whose words were checked.
type newcomer struct {
	Newcomer
	emailKey, usernameKey string
	wrong                 []errs.Field
}

func (in Newcomer) check() *newcomer {
	n := &newcomer{Newcomer: in}
	n.FirstName = n.text("firstname", in.FirstName, 1, field.MaxName)
	n.LastName = n.text("lastname", in.LastName, 1, field.MaxName)
	n.DisplayName = n.text("displayname", in.DisplayName, 0, field.MaxName)
	n.Referral = n.text("referral", in.Referral, 0, maxReference)
	n.ExternalID = n.text("externalId", in.ExternalID, 0, maxReference)
	var problem string
	n.Username, n.usernameKey, problem = account.CheckUsername(in.Username)
	n.fail("username", "invalid_username", problem)
	n.Email, n.emailKey, problem = account.CheckEmail(in.Email)
	n.fail("email", "invalid_email", problem)
	if in.Password != "" {
		n.fail("password", "invalid_password", account.PasswordProblem(in.Password, n.emailKey, n.usernameKey))
	}
	if in.Confirm != "" && in.Confirm != in.Password {
		n.fail("confirmPassword", "password_differs", "The two passwords differ.")
	}
	return n
}

// fail notes a wrong part of the input by a constant sentence; an empty one is
// none.
func (n *newcomer) fail(field, code, problem string) {
	if problem != "" {
		n.reject(errs.Field{Field: field, Code: code, Message: problem})
	}
}

func (n *newcomer) reject(wrong errs.Field) { n.wrong = append(n.wrong, wrong) }

// text is one line of text as it is kept.
func (n *newcomer) text(fld, given string, least, most int) string {
	line, ok := text.Line(field.OneLine(given), most)
	switch length := utf8.RuneCountInString(line); {
	case length < least:
		n.fail(fld, "required", "It is needed.")
	case length > most:
		n.reject(errs.Wrong(fld, "too_long", "It has at most %d characters.", most))
	case !ok:
		n.fail(fld, "bad_text", "It holds a character that cannot be read.")
	}
	return line
}

// values puts the given values of fields, and default values for the others,
// on the record of the new member.
func (n *newcomer) values(fields []field.Field, who *Record) (held []Identifier) {
	given := map[string]bool{}
	for i, v := range n.Fields {
		path := fmt.Sprintf("customFields[%d]", i)
		f := findField(fields, v.Field)
		switch {
		case f == nil:
			n.reject(errs.Wrong(path, "unknown_field", "There is no user field %q.", v.Field))
		case f.Default && f.Field != field.PhoneName && f.Field != field.CountryName && f.Field != field.LanguageName:
			n.reject(errs.Wrong(path, "not_custom", "%s has a place of its own and is no custom field.", f.Called()))
		case given[f.ID]:
			n.reject(errs.Wrong(path, "duplicate", "The field %s is there twice.", f.Called()))
		case empty(v.Value):
		default:
			given[f.ID] = true
			n.value(path, f, v.Value, who)
		}
	}
	for i := range fields {
		f := &fields[i]
		switch value := who.Get(f); {
		case f.Default:
		case value == nil && f.DefaultValue != nil:
			who.Set(f, f.DefaultValue)
		case value == nil && f.Required && !given[f.ID]:
			n.reject(errs.Wrong("customFields."+f.Field, "required", "%s is needed.", f.Called()))
		case value != nil && f.Identifier:
			held = append(held, Identifier{f.ID, IdentifierKey(value), who.ID})
		}
	}
	return held
}

func (n *newcomer) value(path string, f *field.Field, given any, who *Record) {
	value, problem := f.FromJSON(given)
	switch list, isList := value.([]string); {
	case problem != nil:
		n.reject(errs.Wrong(path, problem.Code, "%s: %s", f.Called(), problem.Said))
	case isList && len(list) == 0:
	case f.Busy():
		n.reject(errs.Wrong(path, "field_busy", "%s is being changed just now. Try again soon.", f.Called()))
	default:
		who.Set(f, value)
	}
}
