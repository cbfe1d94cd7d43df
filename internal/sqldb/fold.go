package sqldb

import (
	"database/sql/driver"
	"strings"

	"golang.org/x/text/unicode/norm"
	"modernc.org/sqlite"
)

// Folded is a text as texts compare that differ in case only.
func Folded(text string) string { return norm.NFC.String(strings.ToLower(text)) }

// Fold returns an expression for Folded of an expression. Letters whose lower
// case depends on a language or their neighbours may differ between the
// engines.
func (d Dialect) Fold(expression string) string {
	return d.pick("folded("+expression+")", `(lower(`+expression+` COLLATE "und-x-icu") COLLATE "C")`)
}

func init() {
	sqlite.MustRegisterDeterministicScalarFunction("folded", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, ok := args[0].(string)
		if !ok {
			return args[0], nil
		}
		return Folded(text), nil
	})
}
