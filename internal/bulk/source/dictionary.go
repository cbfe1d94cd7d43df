package source

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/text"
)

// mappingOption is the option that says which field a column is.
var mappingOption = errs.NewOption("mapping", "Fields of the columns")

// Dictionary has every name that a header may have in one community.
type Dictionary struct {
	Update  bool // the file may have the columns user_id, FIELD_op, xp and coins
	Premium bool // the file is one of premium currency: identifiers, amounts and reasons
	Fields  []field.Field
	byName  map[string]*field.Field // by field.HeaderKey
	names   []knownName             // of byName, in order
	named   map[*field.Field]bool   // fields that a column names

	// Samples returns values of the columns, for suggestions; nil: unknown.
	Samples func() [][]string
}

// NewDictionary returns the names of fields. With update a file may also have
// the columns user_id, FIELD_op, xp and coins.
func NewDictionary(update bool, fields []field.Field) *Dictionary {
	d := &Dictionary{Update: update, Fields: fields}
	d.setNames(fields)
	if update {
		d.byName[posting.XP.Field], d.byName[posting.Coins.Field] = posting.XP, posting.Coins
	}
	d.sortNames()
	return d
}

// NewPremiumDictionary returns the names of the columns of a file of premium currency:
// those that identify members, amounts and reasons.
func NewPremiumDictionary(fields []field.Field) *Dictionary {
	d := &Dictionary{Update: true, Premium: true, Fields: fields}
	d.setNames(fields)
	maps.DeleteFunc(d.byName, func(_ string, f *field.Field) bool { return !f.Identifier })
	d.byName[amountName] = posting.Premium
	d.sortNames()
	return d
}

// setNames sets the names of the fields of members.
func (d *Dictionary) setNames(fields []field.Field) {
	d.byName = map[string]*field.Field{}
	for i := len(fields) - 1; i >= 0; i-- { // default fields come first and win
		f := &fields[i]
		d.byName[field.HeaderKey(f.Name)] = f
		d.byName[field.HeaderKey(f.Field)] = f
	}
}

func (d *Dictionary) sortNames() {
	for _, key := range slices.Sorted(maps.Keys(d.byName)) {
		d.names = append(d.names, knownName{[]rune(strings.ReplaceAll(key, " ", "")), d.byName[key]})
	}
}

// knownName is a name of a field without spaces.
type knownName struct {
	letters []rune
	field   *field.Field
}

// meaning returns the meaning of a name; ok is false for an unknown one.
func (d *Dictionary) meaning(name string) (Column, bool) {
	key := field.HeaderKey(name)
	if f := d.byName[key]; f != nil {
		return Column{Field: f}, true
	}
	if d.Update {
		if key == "user id" {
			return Column{userID: true}, true
		}
		if d.Premium && key == reasonName {
			return Column{reason: true}, true
		}
		if base, ok := strings.CutSuffix(key, " op"); ok {
			if f := d.byName[base]; f != nil && f.Type == field.Numerical {
				return Column{operation: f}, true
			}
		}
	}
	return Column{}, false
}

// ReadHeader parses a header with the caller's mapping. The Invalid error names
// every unknown or repeated header.
func (d *Dictionary) ReadHeader(header []string, mapping map[string]*string) (*Header, error) {
	l := &Header{Columns: make([]Column, len(header)), hasColumn: map[*field.Field]bool{}}
	m := NewMapping(mapping)
	d.Describe(header, m)
	var wrong []errs.Field
	taken := map[string]string{} // meaning -> header
	for i, text := range header {
		if m.IsBlank(text) {
			l.Columns[i].blank = true
			continue
		}
		c, problem := d.Column(i, text, m)
		if problem != nil {
			wrong = append(wrong, *problem)
			continue
		}
		c.Header = text
		l.Columns[i] = c
		if c.ignored() {
			l.setErrorCode(i, text)
			continue
		}
		if first, twice := taken[c.name()]; twice {
			wrong = append(wrong, errs.Wrong(text, "doubled_header", "%q and %q mean the same field: keep one of them.", first, text))
		}
		taken[c.name()] = text
		if c.Field != nil {
			l.hasColumn[c.Field] = true
		}
		l.operations = l.operations || c.operation != nil
	}
	l.ignoreBalances()
	wrong = append(wrong, strayMapping(header, mapping)...)
	if d.Premium && len(wrong) == 0 {
		wrong = d.checkPremium(l)
	}
	for _, c := range l.Columns {
		if c.operation != nil && !l.hasColumn[c.operation] {
			wrong = append(wrong, errs.Wrong(c.Header, "operation_without_field", "This column needs the column %q beside it.", shownName(c.operation)))
		}
	}
	switch {
	case len(wrong) == 0:
		l.setCountry()
		return l, d.identifies(l)
	case len(taken) == 0 && slices.ContainsFunc(wrong, func(f errs.Field) bool { return strings.Contains(f.Field, "@") }):
		return nil, errs.New(errs.Invalid, "invalid_header", "The first line of the file looks like data. Add a header line with the names of the columns.").WithFields(wrong...)
	}
	return nil, errs.New(errs.Invalid, "invalid_header", "The header of the file is invalid; each wrong column is listed.").WithFields(wrong...)
}

// maxHeaderText bounds the bytes of a cell that may be a header.
const maxHeaderText = 1 << 10

// Fits returns a function that reports whether a record can be the header: it
// names at least two fields, one of which identifies members. Names of default
// fields in other programs count.
func (d *Dictionary) Fits(mapping map[string]*string) func(header []string) bool {
	m := NewMapping(mapping)
	return func(header []string) bool {
		known, identifies := map[string]bool{}, false
		for _, cell := range header {
			if len(cell) > maxHeaderText {
				continue
			}
			if c := d.likelyMeaning(cell, m); !c.ignored() {
				known[c.name()] = true
				identifies = identifies || d.identifying(&c)
			}
		}
		return len(known) > 1 && identifies
	}
}

// likelyMeaning is the meaning of a header, also of one of another program.
func (d *Dictionary) likelyMeaning(header string, m Mapping) Column {
	if target, ok := m.Target(header); ok {
		if target == nil {
			return Column{}
		}
		header = *target
	}
	c, ok := d.meaning(trimCell(header))
	if !ok {
		c.Field = d.suggestedName(trimCell(header))
	}
	return c
}

// identifying reports whether a column identifies members.
func (d *Dictionary) identifying(c *Column) bool {
	return c.userID || c.Field != nil && (c.Field.Field == field.EmailName || c.Field.Field == field.Username || d.Update && c.Field.Identifier)
}

// Known returns the meaning of a header; ok is false for an unknown one.
func (d *Dictionary) Known(header string, m Mapping) (c Column, ok bool) {
	if target, mapped := m.Target(header); mapped {
		if target == nil {
			return Column{}, true
		}
		return d.meaning(*target)
	}
	if IsErrorColumn(header) {
		return Column{}, true
	}
	c, ok = d.meaning(trimCell(header))
	return c, ok || !d.Premium && isFigure(header)
}

// Column is Known with an error that names an unknown header and the nearest field.
func (d *Dictionary) Column(i int, header string, m Mapping) (Column, *errs.Field) {
	if c, ok := d.Known(header, m); ok {
		return c, nil
	}
	if target, mapped := m.Target(header); mapped {
		return Column{}, d.unknownField(header, *target)
	}
	if m.IsBlank(header) {
		return Column{}, new(errs.Wrong(fmt.Sprintf("column %d (%s)", i+1, columnLetters(i)), "unknown_header", "Column %d (%s) has no header: name it, or map it to null to ignore it.", i+1, columnLetters(i)))
	}
	return Column{}, d.unknownHeader(i, header)
}

// ReadHeaderTolerant parses a header that ReadHeader accepted before. Columns of
// fields that were deleted since are ignored.
func (d *Dictionary) ReadHeaderTolerant(header []string, mapping map[string]*string) *Header {
	l, m := &Header{Columns: make([]Column, len(header)), hasColumn: map[*field.Field]bool{}}, NewMapping(mapping)
	for i, text := range header {
		l.Columns[i], _ = d.Known(text, m)
		l.Columns[i].Header = text
		l.operations = l.operations || l.Columns[i].operation != nil
	}
	l.ignoreBalances()
	l.setCountry()
	return l
}

// checkPremium checks the columns of a file of premium currency.
func (d *Dictionary) checkPremium(l *Header) (wrong []errs.Field) {
	var identifying []string
	operation := false
	for i := range l.Columns {
		c := &l.Columns[i]
		operation = operation || c.operation != nil
		switch {
		case c.Field == posting.Premium:
			l.amount = c
		case d.identifying(c):
			identifying = append(identifying, c.Header)
		}
	}
	if l.amount == nil {
		wrong = append(wrong, errs.Wrong(amountName, "missing_column", "The file needs the column %q.", amountName))
	}
	if !operation {
		wrong = append(wrong, errs.Wrong(amountName+"_op", "missing_column", "The file needs the column %q.", amountName+"_op"))
	}
	if len(identifying) > 1 {
		wrong = append(wrong, errs.Wrong(identifying[1], "doubled_header", "%q and %q both identify the members: keep one of them.", identifying[0], identifying[1]))
	}
	return wrong
}

func strayMapping(header []string, mapping map[string]*string) (wrong []errs.Field) {
	present := map[string]bool{}
	for _, name := range header {
		present[name], present[text.Name(name)] = true, true
	}
	for _, name := range slices.Sorted(maps.Keys(mapping)) {
		if !present[name] && !present[text.Name(name)] {
			wrong = append(wrong, errs.Wrong(name, "unknown_header", "The mapping names the column %q, which the file does not have.", name))
		}
	}
	return wrong
}

// identifies checks that a column identifies the members.
func (d *Dictionary) identifies(l *Header) error {
	for i := range l.Columns {
		if d.identifying(&l.Columns[i]) {
			return nil
		}
	}
	if d.Update {
		return errs.New(errs.Invalid, "no_identifying_column", "No column identifies the members. Add Email, Username, user_id or an identifier field.")
	}
	return errs.New(errs.Invalid, "no_identifying_column", "No column identifies the members. Add Email or Username.")
}

// unknownField is the error of a header that is mapped to an unknown field, with
// the nearest name.
func (d *Dictionary) unknownField(header, target string) *errs.Field {
	if f := d.Nearest(target); f != nil {
		return new(errs.Wrong(header, "unknown_field", "The mapping has the unknown field %q. Did you mean %q?", target, shownName(f)))
	}
	return new(errs.Wrong(header, "unknown_field", "The mapping has the unknown field %q. Create a field of that name first, or leave the column out with %s.", target, mappingOption))
}

// unknownHeader is the error of an unknown header, with a suggestion.
func (d *Dictionary) unknownHeader(i int, header string) *errs.Field {
	if f := d.Suggest(i, header); f != nil {
		return new(errs.Wrong(header, "unknown_header", "There is no field %q. Did you mean %q?", header, shownName(f)))
	}
	return new(errs.Wrong(header, "unknown_header", "There is no field %q. Create a field of that name first, or leave the column out with %s.", header, mappingOption))
}

// shownName is the name of a field in a message.
func shownName(f *field.Field) string {
	if f == posting.Premium {
		return amountName
	}
	return f.Name
}

// Nearest returns the field whose name is nearest to a text, nil if none is
// near.
func (d *Dictionary) Nearest(name string) *field.Field {
	key := field.HeaderKey(name)
	if f := d.suggestedName(name); f != nil {
		return f
	}
	var best *field.Field
	letters := []rune(strings.ReplaceAll(key, " ", ""))
	least := 1 + len(letters)/4
	for i := range d.names {
		if n := distance(letters, d.names[i].letters, least); n <= least {
			if best == nil || n < least {
				best, least = d.names[i].field, n
			}
		}
	}
	return best
}
