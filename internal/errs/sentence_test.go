package errs_test

import (
	"encoding/json"
	"testing"

	"github.com/regulars/regulars/internal/errs"
)

func TestJSONContainsEnglishOnly(t *testing.T) {
	why := errs.NewSentence("Write the date as %s.", "YYYY-MM-DD")
	wire, err := json.Marshal(errs.Wrong("born", "invalid_date", "%s: %s", errs.Word("Birthday"), why))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"field":"born","code":"invalid_date","message":"Birthday: Write the date as YYYY-MM-DD."}`; string(wire) != want {
		t.Errorf("%s, want %s", wire, want)
	}
}
