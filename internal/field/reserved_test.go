package field

import (
	"errors"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/errs"
)

func TestNamesThatANewFieldCannotHave(t *testing.T) {
	const (
		standard = " is the name of a default field."
		columns  = " is reserved for columns of files: _line, names that begin with _error_, and names that end with _op."
		known    = " is reserved for data of every member, such as join_date, xp or coins."
	)
	for name, want := range map[string]string{
		"Email": standard, "first-name": standard, "TAG": standard,
		"_line": columns, "Line": columns, "_error_x": columns, "error_code": columns, "deposits_op": columns, "Deposits Op": columns,
		"xp": known, "XP": known, "coins": known, "premium_currency": known, "Premium Currency": known,
		"user_id": known, "join_date": known, "Join Date": known, "display_name": known, "external_id": known, "_id": known,
		"id": "", "number": "", "points": "", "deposits": "", "stop": "", "errors": "", "lines": "", "xp2": "", "premium": "",
	} {
		for part, in := range map[string]Input{
			"field": {Field: name, Name: "Something", Type: SingleLine},
			"name":  {Field: "something", Name: name, Type: SingleLine},
		} {
			_, err := in.Validate()
			if want == "" {
				if err != nil {
					t.Errorf("%s as %s: %v", name, part, err)
				}
				continue
			}
			var failure *errs.Error
			if !errors.As(err, &failure) || len(failure.Fields) != 1 {
				t.Errorf("%s as %s: %v", name, part, err)
				continue
			}
			got, called := failure.Fields[0], name
			if part == "field" {
				called = strings.ReplaceAll(name, " ", "-")
			}
			if got.Field != part || got.Code != "reserved" || got.Message != `"`+called+`"`+want {
				t.Errorf("%s as %s: %+v", name, part, got)
			}
		}
	}
}

func TestAFieldKeepsANameThatIsReservedNow(t *testing.T) {
	old := Field{ID: "1", Field: "xp", Name: "XP", Type: Numerical}
	if _, err := (Update{Description: new("What they earned.")}).Validate(old); err != nil {
		t.Error(err)
	}
	if _, err := (Update{Name: new("Coins")}).Validate(old); !errs.Is(err, "invalid_input") {
		t.Errorf("another reserved name: %v", err)
	}
}
