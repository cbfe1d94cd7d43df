package auth

import (
	"context"

	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/text"
)

// Profile is what a person says of themselves on the installation; members of
// communities have their own names.
type Profile struct {
	FirstName, LastName, DisplayName string // up to 50 characters, "": none
	Language                         string // BCP 47 tag of pages and mails, "": what the browser asks for
}

// UpdateProfile replaces the profile of the actor. It fails with Invalid
// "invalid_input", or Forbidden "session_required" or "limited_session".
func (a *Auth) UpdateProfile(ctx context.Context, actor Actor, p Profile) error {
	if err := onlySelf(actor); err != nil {
		return err
	}
	var wrong []errs.Field
	for i, name := range []*string{&p.FirstName, &p.LastName, &p.DisplayName} {
		field := []string{"firstname", "lastname", "displayname"}[i]
		line, ok := text.Line(*name, maxName)
		if *name = line; !ok {
			wrong = append(wrong, errs.Field{Field: field, Code: "invalid", Message: "A name has up to 50 characters, none of them a control character."})
		}
	}
	if p.Language != "" {
		tag, err := language.Parse(p.Language)
		if err != nil {
			wrong = append(wrong, errs.Field{Field: "language", Code: "invalid", Message: "A language is a tag such as en or de-AT."})
		}
		p.Language = tag.String()
	}
	if err := errs.InvalidFields(wrong); err != nil {
		return err
	}
	return updateProfile(ctx, a.db, actor.AccountID, p, a.clock.MS())
}
