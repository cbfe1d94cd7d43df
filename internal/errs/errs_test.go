package errs_test

import (
	"testing"

	"github.com/regulars/regulars/internal/errs"
)

func TestMissingNamesItsNoun(t *testing.T) {
	for noun, want := range map[string]string{
		"user": "User not found.", "api_key": "API key not found.", "saved_view": "Saved view not found.", "apiary": "Apiary not found.",
	} {
		e := errs.Missing(noun)
		if e.Kind != errs.NotFound || e.Code != noun+"_not_found" || e.Message != want || e.Sentence.Stored() != `["`+want+`"]` {
			t.Errorf("%s: %+v", noun, e)
		}
	}
}
