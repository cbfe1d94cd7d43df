package roster

import (
	"fmt"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/password"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/text"
)

// CreateInput describes a new member.
type CreateInput struct {
	FirstName, LastName string // 1 to 50 characters
	DisplayName         string // at most 50 characters, "" for none
	Username, Email     string
	Password            string              // checked and not stored: the person chooses one
	Confirm             string              // the password again; "": not checked
	Role                string              // id or title; "" and @all: no other role
	Ahead               bool                // pending until the person joins
	Fields              []member.FieldValue // custom fields, phone, country and language
	Referral            string              // referrer, at most 200 characters
	ExternalID          string              // id in another system, unique in the community; "" for none
	Welcome             bool                // send a welcome mail
	MailPassword        bool                // send a link to choose a password
}

const maxReference = 200 // characters of an external id, and of a referral

// validInput is a CreateInput with checked texts.
type validInput struct {
	CreateInput
	emailKey, usernameKey string
	country               string // alpha-2, of national phone numbers; "": none
	wrong                 []errs.Field
}

func (in CreateInput) check() *validInput {
	n := &validInput{CreateInput: in}
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
		n.fail("password", "invalid_password", password.Problem(in.Password, n.emailKey, n.usernameKey))
	}
	if in.Confirm != "" && in.Confirm != in.Password {
		n.fail("confirmPassword", "password_differs", "The two passwords differ.")
	}
	return n
}

// fail adds an error of a field; an empty problem is none.
func (n *validInput) fail(field, code, problem string) {
	if problem != "" {
		n.reject(errs.Field{Field: field, Code: code, Message: problem})
	}
}

func (n *validInput) reject(wrong errs.Field) { n.wrong = append(n.wrong, wrong) }

// text returns a line of text as it is stored.
func (n *validInput) text(fld, given string, least, most int) string {
	line, ok := text.Line(field.OneLine(given), most)
	switch length := utf8.RuneCountInString(line); {
	case length < least:
		n.fail(fld, "required", "It is required.")
	case length > most:
		n.reject(errs.Wrong(fld, "too_long", "It has at most %d characters.", most))
	case !ok:
		n.fail(fld, "bad_text", "It contains an invalid character.")
	}
	return line
}

// values sets the given values of fields, and the defaults of the others, on
// the new member.
func (n *validInput) values(fields []field.Field, who *member.Record) (held []member.Identifier) {
	given := map[string]bool{}
	for i, v := range n.Fields {
		path := fmt.Sprintf("customFields[%d]", i)
		f := member.FindField(fields, v.Field)
		switch {
		case f == nil:
			n.reject(errs.Wrong(path, "unknown_field", "There is no user field %q.", v.Field))
		case f.Default && f.Field != field.PhoneName && f.Field != field.CountryName && f.Field != field.LanguageName:
			n.reject(errs.Wrong(path, "not_custom", "%s is not a custom field. Send it as its own property.", f.Label()))
		case given[f.ID]:
			n.reject(errs.Wrong(path, "duplicate", "The field %s is repeated.", f.Label()))
		case member.Empty(v.Value):
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
			n.reject(errs.Wrong("customFields."+f.Field, "required", "%s is required.", f.Label()))
		case value != nil && f.Identifier:
			held = append(held, member.Identifier{FieldID: f.ID, Key: member.IdentifierKey(value), UserID: who.ID})
		}
	}
	return held
}

func (n *validInput) value(path string, f *field.Field, given any, who *member.Record) {
	value, problem := f.FromJSONIn(given, n.country)
	switch list, isList := value.([]string); {
	case problem != nil:
		n.reject(errs.Wrong(path, problem.Code, "%s: %s", f.Label(), problem.Said))
	case isList && len(list) == 0:
	case f.Busy():
		n.reject(errs.Wrong(path, "field_busy", "%s is being changed. Try again shortly.", f.Label()))
	default:
		who.Set(f, value)
	}
}
