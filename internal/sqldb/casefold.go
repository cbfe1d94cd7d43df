package sqldb

import (
	"database/sql/driver"
	"strings"

	"golang.org/x/text/unicode/norm"
	"modernc.org/sqlite"
)

// CaseFold returns the key under which texts that differ only in case are equal.
func CaseFold(text string) string { return norm.NFC.String(strings.ToLower(text)) }

// CaseFold returns the SQL form of the function CaseFold. The engines may
// differ for letters with a lower case that depends on the language or on
// adjacent letters.
func (d Dialect) CaseFold(expression string) string {
	return d.pick("casefold("+expression+")", `(lower(`+expression+` COLLATE "und-x-icu") COLLATE "C")`)
}

func init() {
	sqlite.MustRegisterDeterministicScalarFunction("casefold", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, ok := args[0].(string)
		if !ok {
			return args[0], nil
		}
		return CaseFold(text), nil
	})
}
