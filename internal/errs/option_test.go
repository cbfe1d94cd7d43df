package errs_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
)

func TestAnOptionHasTheNameOfItsReader(t *testing.T) {
	s := errs.NewSentence("Set %s on line %d.", errs.NewOption("headerLine", "Header line"), 3)
	if s.English != "Set headerLine on line 3." {
		t.Errorf("the API shows %q", s.English)
	}
	outer := errs.NewSentence("Wrong. %s", s)
	if got := outer.CommandLine(); got != "Wrong. Set --header-line on line 3." {
		t.Errorf("the command line shows %q", got)
	}
	if got := errs.Constant("100 % wrong").CommandLine(); got != "100 % wrong" {
		t.Errorf("a constant became %q", got)
	}
	stored := errs.ParseSentence(outer.Stored())
	if want := outer.Storable(); !cmp.Equal(stored, want) {
		t.Error(cmp.Diff(want, stored))
	}
}
