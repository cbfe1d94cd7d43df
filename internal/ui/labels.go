package ui

import (
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
)

// FieldTypes are the types of custom fields.
var FieldTypes = []Choice{
	{"single-line-text", i18n.Key("Single-line text")},
	{"multi-line-text", i18n.Key("Multi-line text")},
	{"numerical", i18n.Key("Number")},
	{"boolean", i18n.Key("Yes or no")},
	{"date", i18n.Key("Date")},
	{"select", i18n.Key("Single choice")},
	{"multi-select", i18n.Key("Multiple choice")},
	{"email", i18n.Key("Email")},
	{"phone", i18n.Key("Phone")},
	{"country", i18n.Key("Country")},
	{"url", i18n.Key("Web address")},
}

// FieldTypeNames are the names of all types of fields.
var FieldTypeNames = append(slices.Clone(FieldTypes), Choice{"language", i18n.Key("Language")}, Choice{"role", i18n.Key("Roles")}, Choice{"tag", i18n.Key("Tags")})

// FieldTypeName is what people call a type of field.
func FieldTypeName(t string) string { return Label(FieldTypeNames, t) }

// Label is the label of a value, or the value itself without one.
func Label(choices []Choice, value string) string {
	for _, c := range choices {
		if c.Value == value {
			return c.Label
		}
	}
	return value
}

// FieldName is what people call a field: those that every community has are
// called so in each language.
func FieldName(ctx context.Context, isDefault bool, name string) string {
	if !isDefault {
		return name
	}
	return T(ctx, name)
}

// MemberName is what people call a member.
func MemberName(m member.Member) string {
	full := strings.TrimSpace(m.FirstName + " " + m.LastName)
	switch {
	case m.DisplayName != "":
		return m.DisplayName
	case full != "":
		return full
	}
	return m.Username
}

// LabelOf returns the label of a value, and for an unknown one the key of a general name.
func LabelOf(choices []Choice, value string) string {
	for _, c := range choices {
		if c.Value == value {
			return c.Label
		}
	}
	if value != "" {
		return i18n.Key("deleted")
	}
	return ""
}

// SuspensionDays are the lengths of a suspension to choose from, in days.
var SuspensionDays = []Choice{
	{Value: "1", Label: i18n.Key("Tomorrow")}, {Value: "3", Label: i18n.Key("In three days")}, {Value: "7", Label: i18n.Key("In a week")}, {Value: "30", Label: i18n.Key("In 30 days")}, {Value: "365", Label: i18n.Key("In a year")},
}

// Chosen returns the label of a value among choices in the reader's language; "": no value.
func (p Page) Chosen(choices []Choice, value string) string {
	for _, c := range choices {
		if c.Value == value {
			return c.Label
		}
	}
	if value != "" {
		return p.T("deleted")
	}
	return ""
}
