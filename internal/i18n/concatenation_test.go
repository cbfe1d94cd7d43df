package i18n_test

import (
	"go/ast"
	"go/token"
	"slices"
	"testing"
)

// TestSentencesAreNotConcatenated finds sentences that are concatenated with +,
// which a catalogue cannot translate.
func TestSentencesAreNotConcatenated(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains(plain, s.area) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sum, ok := n.(*ast.BinaryExpr)
			if !ok || sum.Op != token.ADD {
				return true
			}
			if _, constant := text(sum); !constant && hasForm(joined(sum)) {
				t.Errorf("%s: sentence is concatenated; pass one format with verbs to errs.NewSentence", s.place(sum.Pos()))
			}
			return false
		})
	}
}

// placeholder replaces the variable parts of a text.
const placeholder = "%s"

// joined returns the text of a concatenation.
func joined(e ast.Expr) string {
	if constant, ok := text(e); ok {
		return constant
	}
	if sum, ok := e.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		return joined(sum.X) + joined(sum.Y)
	}
	return placeholder
}
