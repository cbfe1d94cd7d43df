package source

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/text"
)

// escapedAlphabet are the parts of texts on which escaping depends.
var escapedAlphabet = []string{"=", "+", "-", "@", "＝", "＋", "－", "＠", "'", " ", "\t", "\r", "\n", "\u3000", "\u00a0", "\ufeff", "\u200b", "\x01", "\x7f", "5", ",", ".", "a", "é", "東", clearToken}

func randomText(r *rand.Rand) string {
	var text strings.Builder
	for range r.IntN(6) {
		text.WriteString(escapedAlphabet[r.IntN(len(escapedAlphabet))])
	}
	return text.String()
}

func TestAnEscapedValueIsReadAsItself(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		value := text.Trim(randomText(r)) // values are stored so
		cell := EscapeCell(value)
		if got := trimCell(cell); got != value || Clears(cell) {
			t.Fatalf("%q is written as %q and read as %q", value, cell, got)
		}
		if sheet.StartsFormula(cell) && sheet.EscapeFormula(cell) != cell {
			t.Fatalf("%q is written as %q, which is a formula", value, cell)
		}
	}
}

func TestANeutralisedCellIsReadAsTheCell(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		cell := randomText(r)
		safe := sheet.EscapeFormula(cell)
		if got, want := trimCell(safe), trimCell(cell); got != want && !Clears(cell) {
			t.Fatalf("%q is written as %q and read as %q, not as %q", cell, safe, got, want)
		}
		if again := sheet.EscapeFormula(safe); again != safe {
			t.Fatalf("%q becomes %q and then %q", cell, safe, again)
		}
	}
}
