package i18n_test

import (
	"go/ast"
	"go/token"
	"slices"
	"testing"
)

// TestNoSentenceIsBuiltOfPieces looks for what no catalogue can know: sentences
// of the features' rules that are put together with +.
func TestNoSentenceIsBuiltOfPieces(t *testing.T) {
	for _, s := range sources(t) {
		if !slices.Contains(features, s.area) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sum, ok := n.(*ast.BinaryExpr)
			if !ok || sum.Op != token.ADD {
				return true
			}
			if _, constant := text(sum); !constant && hasForm(joined(sum)) {
				t.Errorf("%s: a sentence is built of pieces; errs.Say takes a whole one, with verbs for what differs", s.place(sum.Pos()))
			}
			return false
		})
	}
}

// piece stands for a part of a text that is not constant.
const piece = "%s"

// joined is what a sum of texts makes.
func joined(e ast.Expr) string {
	if constant, ok := text(e); ok {
		return constant
	}
	if sum, ok := e.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		return joined(sum.X) + joined(sum.Y)
	}
	return piece
}
