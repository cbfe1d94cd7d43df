package source

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/field"
)

func TestHeaderFitsWithTwoFieldsOfWhichOneIdentifies(t *testing.T) {
	fields := append(field.DefaultFields(), field.Field{ID: "1", Field: "member-no", Name: "Member No", Type: field.SingleLine, Identifier: true}, field.Field{ID: "2", Field: "plan", Name: "Plan", Type: field.SingleLine})
	mapping := map[string]*string{"Anschrift": new("Email"), "Stufe": new("plan"), "Notes": nil}
	tests := []struct {
		header         string
		imports, fixes bool
	}{
		{"Email|First Name", true, true},
		{" e-mail |first\nname", true, true},
		{"Email", false, false},
		{"Email|email", false, false},
		{"Email|Colour", false, false},
		{"First Name|Last Name|Plan", false, false},
		{"Member No|Plan", false, true},
		{"user_id|Plan", true, true},
		{"Vorname|Nachname|E-Mail", true, true},
		{"Anschrift|Stufe", true, true},
		{"Anschrift|Notes", false, false},
		{"ada@example.org|Ada|Lovelace", false, false},
		{"Members of the club", false, false},
		{"", false, false},
		{strings.Repeat("Email", 1<<20) + "|First Name", false, false},
	}
	for _, test := range tests {
		for update, want := range map[bool]bool{false: test.imports, true: test.fixes} {
			if got := NewDictionary(update, fields).Fits(mapping)(strings.Split(test.header, "|")); got != want {
				t.Errorf("%.60q, update %v: %v", test.header, update, got)
			}
		}
	}
}
