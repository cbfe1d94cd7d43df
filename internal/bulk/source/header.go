package source

import (
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/text"
)

// Column is the meaning of a column of a file. At most one of Field, operation, userID
// and reason is set; without one the column is ignored.
type Column struct {
	Header    string
	Field     *field.Field
	operation *field.Field      // the column has operations on this numerical field
	userID    bool              // the column has the _id or the number
	reason    bool              // the column has the reasons of entries
	balance   *field.Field      // of an ignored column: it would change this with operations; nil: nothing
	blank     bool              // without a header, so its cells must be empty
	values    map[string]string // texts to read instead of others, by ValueKey; nil: none
}

func (c *Column) ignored() bool {
	return c.Field == nil && c.operation == nil && !c.userID && !c.reason
}

// Header is the parsed header of a file.
type Header struct {
	Columns     []Column
	hasColumn   map[*field.Field]bool
	operations  bool
	amount      *Column              // of a file of premium currency, which every row needs; nil: none
	country     int                  // index of the column Country + 1, if there are phone numbers; else 0
	corrections map[int][]Correction // by line; nil: none
	errorCode   int                  // index of the column _error_code of a failed.csv; 0: none
}

// isErrorKey reports whether a column was added by failed.csv.
func isErrorKey(key string) bool { return key == "line" || strings.HasPrefix(key, "error ") }

// IsErrorColumn reports whether a header is of a column that failed.csv added.
func IsErrorColumn(header string) bool {
	return strings.HasPrefix(strings.TrimSpace(header), "_") && isErrorKey(field.HeaderKey(header))
}

// isFigure reports whether a header is of a column that an export of members adds to
// their fields. An import ignores it.
func isFigure(header string) bool {
	key := field.HeaderKey(header)
	return slices.ContainsFunc(field.EarnedFields(), func(f field.Field) bool { return field.HeaderKey(f.Field) == key })
}

// ignoreBalances ignores the balances without operations: an export has them too, and an
// export that is uploaded again changes no balance.
func (l *Header) ignoreBalances() {
	for i := range l.Columns {
		c := &l.Columns[i]
		operates := func(other Column) bool { return other.operation == c.Field }
		if (c.Field == posting.XP || c.Field == posting.Coins) && !slices.ContainsFunc(l.Columns, operates) {
			delete(l.hasColumn, c.Field)
			c.Field, c.balance = nil, c.Field
		}
	}
}

func (l *Header) setErrorCode(i int, header string) {
	if IsErrorColumn(header) && field.HeaderKey(header) == "error code" {
		l.errorCode = i
	}
}

// setCountry finds the column whose cells are the countries of phone numbers.
func (l *Header) setCountry() {
	country, phones := 0, false
	for i := range l.Columns {
		if f := l.Columns[i].Field; f != nil {
			phones = phones || f.Type == field.Phone
			if f.Default && f.Field == field.CountryName {
				country = i + 1
			}
		}
	}
	if phones {
		l.country = country
	}
}

func (c *Column) name() string {
	switch {
	case c.userID:
		return "user_id"
	case c.reason:
		return reasonName
	case c.operation != nil:
		return c.operation.ID + "_op"
	}
	return c.Field.ID
}

// WarnColumnsIgnored is the code of the warning of Header.Warnings.
const WarnColumnsIgnored = "columns_ignored"

// maxIgnoredNames limits the names in a warning.
const maxIgnoredNames = 10

// Warnings names the columns that are not imported: those that the mapping ignores,
// balances without operations, and those without a header before the last named one. line
// is the line of the header.
func (l *Header) Warnings(line int) (list []sheet.Warning) {
	var names, balances []string
	last := len(l.Columns) - 1
	for last >= 0 && (l.Columns[last].blank || IsErrorColumn(l.Columns[last].Header)) {
		last--
	}
	for i := range l.Columns[:last+1] {
		switch c := &l.Columns[i]; {
		case c.blank:
			names = append(names, columnLetters(i))
		case c.balance != nil:
			balances = append(balances, text.Name(c.Header))
		case c.ignored() && !IsErrorColumn(c.Header):
			names = append(names, text.Name(c.Header))
		}
	}
	if len(names) > 0 {
		list = append(list, ignoredWarning(line, names, "Columns that are not imported: %s. Map them to fields to import them."))
	}
	if len(balances) > 0 {
		list = append(list, ignoredWarning(line, balances, "Columns that are not imported: %s. A balance changes only with operations, in a column such as xp_op."))
	}
	return list
}

func ignoredWarning(line int, names []string, message string) sheet.Warning {
	count := int64(len(names))
	if len(names) > maxIgnoredNames {
		names = append(names[:maxIgnoredNames], "…")
	}
	return sheet.Warning{Code: WarnColumnsIgnored, Count: count, FirstLine: line, Message: errs.NewSentence(message, strings.Join(names, ", "))}
}

// KeyKinds are the kinds of keys with a column in the file.
func (l *Header) KeyKinds() map[string]bool {
	kinds := map[string]bool{}
	for i := range l.Columns {
		c := &l.Columns[i]
		switch {
		case c.userID:
			kinds[RefKey] = true
		case c.Field == nil:
		case c.Field.Default:
			kinds[c.Field.Field] = true
		default:
			kinds[c.Field.ID] = true
		}
	}
	return kinds
}

// KeysOnly is the header without the columns that are no part of a key.
func (l *Header) KeysOnly() *Header {
	keys := &Header{Columns: slices.Clone(l.Columns), hasColumn: l.hasColumn, errorCode: l.errorCode, corrections: l.corrections}
	for i := range keys.Columns {
		c := &keys.Columns[i]
		switch {
		case c.userID || isKey(c.Field):
		case isKey(c.operation):
			keys.operations = true
		default:
			*c = Column{}
		}
	}
	return keys
}

func isKey(f *field.Field) bool {
	return f != nil && (f.Identifier || f.Default && (f.Field == field.EmailName || f.Field == field.Username))
}

// OnlyUpdates reports whether only the file of an update may have the column.
func (c *Column) OnlyUpdates() bool { return c.operation != nil || c.userID }

// Target is the name of the column in a mapping, "" if it is ignored.
func (c Column) Target() string {
	switch {
	case c.userID:
		return "user_id"
	case c.reason:
		return reasonName
	case c.operation != nil:
		return columnName(c.operation) + "_op"
	case c.Field != nil:
		return columnName(c.Field)
	}
	return ""
}

// columnName is the name of the column of a field.
func columnName(f *field.Field) string {
	if f == posting.Premium {
		return amountName
	}
	return f.Field
}

// Names of columns of a file of premium currency.
const (
	amountName = "amount"
	reasonName = "reason"
)

// Units are the units of the balances that the file changes.
func (l *Header) Units() (units []ledger.Unit) {
	for i := range l.Columns {
		if unit := posting.UnitOf(l.Columns[i].Field); unit != "" {
			units = append(units, unit)
		}
	}
	return units
}

// RefKey is the kind of keys in the column user_id.
const RefKey = "ref"
