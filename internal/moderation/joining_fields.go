package moderation

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// CheckJoining rejects settings that require a field that does not exist or
// cannot be given on joining, with Invalid "invalid_input". It is a community.ChangeHook.
func CheckJoining(ctx context.Context, tx *sqldb.Tx, _ actor.Actor, old, changed community.Community) error {
	required := changed.Settings.Joining.RequiredFields
	if slices.Equal(required, old.Settings.Joining.RequiredFields) {
		return nil
	}
	fields, err := field.List(ctx, tx, changed.ID)
	if err != nil {
		return err
	}
	var wrong []errs.Field
	for _, fieldID := range required {
		if !slices.ContainsFunc(fields, func(f field.Field) bool { return f.ID == fieldID && Askable(f) }) {
			wrong = append(wrong, errs.Wrong("joiningRequirements.requiredFields", "unknown_field", "The field %q cannot be required to join.", fieldID))
		}
	}
	return errs.InvalidFields(wrong)
}

// requiredFields returns the fields that a community requires on joining.
func requiredFields(ctx context.Context, q sqldb.Querier, c community.Community) ([]field.Field, error) {
	if len(c.Settings.Joining.RequiredFields) == 0 {
		return nil, nil
	}
	fields, err := field.List(ctx, q, c.ID)
	var required []field.Field
	for _, fieldID := range c.Settings.Joining.RequiredFields {
		if i := slices.IndexFunc(fields, func(f field.Field) bool { return f.ID == fieldID }); i >= 0 {
			required = append(required, fields[i])
		}
	}
	return required, err
}

// Askable reports whether a person can give the field on joining.
func Askable(f field.Field) bool {
	return !f.Default || !slices.Contains([]string{field.Username, field.EmailName, field.RoleName, field.TagName}, f.Field)
}
