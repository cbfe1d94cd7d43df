package bulk

import (
	"fmt"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/text"
)

// column is what one column of a file means. One of field, operation and
// userID says so; none of them: the column is ignored.
type column struct {
	header    string
	field     *field.Field
	operation *field.Field // the column says what to do with this numerical field
	userID    bool         // the column holds _id or the small number
	nameless  bool         // nobody gave it a header, so it must have no values
}

func (c *column) ignored() bool { return c.field == nil && c.operation == nil && !c.userID }

// layout is the header of a file, understood.
type layout struct {
	columns    []column
	hasColumn  map[*field.Field]bool
	operations bool
	errorCode  int // the column _error_code of a failed.csv; 0: none
}

// dictionary knows every name a header may have in one community.
type dictionary struct {
	typ    Type
	fields []field.Field
	byName map[string]*field.Field // by HeaderKey
}

func newDictionary(typ Type, fields []field.Field) *dictionary {
	d := &dictionary{typ: typ, fields: fields, byName: map[string]*field.Field{}}
	for i := len(fields) - 1; i >= 0; i-- { // default fields stand first and win
		f := &fields[i]
		d.byName[field.HeaderKey(f.Name)] = f
		d.byName[field.HeaderKey(f.Field)] = f
	}
	return d
}

// ownColumn reports whether a column was added by failed.csv.
func ownColumn(key string) bool { return key == "line" || strings.HasPrefix(key, "error ") }

func isOwn(header string) bool {
	return strings.HasPrefix(strings.TrimSpace(header), "_") && ownColumn(field.HeaderKey(header))
}

// meaning returns what a name stands for; ok is false for an unknown one.
func (d *dictionary) meaning(name string) (column, bool) {
	key := field.HeaderKey(name)
	if f := d.byName[key]; f != nil {
		return column{field: f}, true
	}
	if d.typ == Update {
		if key == "user id" {
			return column{userID: true}, true
		}
		if base, ok := strings.CutSuffix(key, " op"); ok {
			if f := d.byName[base]; f != nil && f.Type == field.Numerical {
				return column{operation: f}, true
			}
		}
	}
	return column{}, false
}

// read understands a header with the caller's mapping. Every header that is
// unknown or there twice is named in the Invalid error.
func (d *dictionary) read(header []string, mapping map[string]*string) (*layout, error) {
	l := &layout{columns: make([]column, len(header)), hasColumn: map[*field.Field]bool{}}
	var wrong []errs.Field
	taken := map[string]string{} // meaning -> header
	end, nameless := endOfNames(header, mapping), 0
	for i, text := range header {
		if i >= end && isNameless(text, mapping) {
			l.columns[i].nameless = true
			continue
		}
		c, problem := d.column(i, text, mapping)
		if problem != nil {
			if isNameless(text, mapping) {
				nameless++
			}
			if nameless <= maxNameless || !isNameless(text, mapping) {
				wrong = append(wrong, *problem)
			}
			continue
		}
		c.header = text
		l.columns[i] = c
		if c.ignored() {
			l.noteErrorCode(i, text)
			continue
		}
		if first, twice := taken[c.name()]; twice {
			wrong = append(wrong, errs.Wrong(text, "doubled_header", "%q and %q mean the same field: keep one of them.", first, text))
		}
		taken[c.name()] = text
		if c.field != nil {
			l.hasColumn[c.field] = true
		}
		l.operations = l.operations || c.operation != nil
	}
	wrong = append(wrong, strayMapping(header, mapping)...)
	for _, c := range l.columns {
		if c.operation != nil && !l.hasColumn[c.operation] {
			wrong = append(wrong, errs.Wrong(c.header, "operation_without_field", "This column needs the column %q beside it.", c.operation.Name))
		}
	}
	switch {
	case len(wrong) == 0:
		return l, d.identifies(l)
	case len(taken) == 0 && slices.ContainsFunc(wrong, func(f errs.Field) bool { return strings.Contains(f.Field, "@") }):
		return nil, errs.New(errs.Invalid, "invalid_header", "The first line of the file looks like somebody's data: put a line before it that names the columns.").WithFields(wrong...)
	}
	return nil, errs.New(errs.Invalid, "invalid_header", "The header of the file cannot be used; errors names each column.").WithFields(wrong...)
}

func (l *layout) noteErrorCode(i int, header string) {
	if isOwn(header) && field.HeaderKey(header) == "error code" {
		l.errorCode = i
	}
}

func (c *column) name() string {
	switch {
	case c.userID:
		return "user_id"
	case c.operation != nil:
		return c.operation.ID + "_op"
	}
	return c.field.ID
}

func (d *dictionary) column(i int, header string, mapping map[string]*string) (column, *errs.Field) {
	if target, mapped := mappedTo(mapping, header); mapped {
		if target == nil {
			return column{}, nil
		}
		if c, ok := d.meaning(*target); ok {
			return c, nil
		}
		return column{}, d.unknownField(header, *target)
	}
	if isOwn(header) {
		return column{}, nil
	}
	if c, ok := d.meaning(trimCell(header)); ok {
		return c, nil
	}
	if isNameless(header, mapping) {
		return column{}, new(errs.Wrong(fmt.Sprintf("column %d (%s)", i+1, letters(i)), "unknown_header", "Column %d (%s) has no header: name it, or map it to null to ignore it.", i+1, letters(i)))
	}
	return column{}, d.unknownHeader(header)
}

func strayMapping(header []string, mapping map[string]*string) (wrong []errs.Field) {
	present := map[string]bool{}
	for _, name := range header {
		present[name], present[text.Name(name)] = true, true
	}
	for _, name := range sortedKeys(mapping) {
		if !present[name] && !present[text.Name(name)] {
			wrong = append(wrong, errs.Wrong(name, "unknown_header", "The mapping names the column %q, which the file does not have.", name))
		}
	}
	return wrong
}

// identifies checks that the columns can tell whose row it is.
func (d *dictionary) identifies(l *layout) error {
	for _, c := range l.columns {
		if c.userID || c.field != nil && (c.field.Field == field.EmailName || c.field.Field == field.Username || d.typ == Update && c.field.Identifier) {
			return nil
		}
	}
	if d.typ == Update {
		return errs.New(errs.Invalid, "no_identifying_column", "No column says whose row it is: add Email, Username, user_id or an identifier field.")
	}
	return errs.New(errs.Invalid, "no_identifying_column", "No column says whose row it is: add Email or Username.")
}

// unknownField says that a header is mapped to no field, and what could be
// meant.
func (d *dictionary) unknownField(header, target string) *errs.Field {
	if f := d.nearest(target); f != nil {
		return new(errs.Wrong(header, "unknown_field", "The mapping names %q, which is no field here. Did you mean %q?", target, f.Name))
	}
	return new(errs.Wrong(header, "unknown_field", "The mapping names %q, which is no field here. Make a field of that name first, or map the column to null to ignore it.", target))
}

// unknownHeader says that a header is no field, and what could be meant.
func (d *dictionary) unknownHeader(header string) *errs.Field {
	if f := d.nearest(header); f != nil {
		return new(errs.Wrong(header, "unknown_header", "There is no field %q. Did you mean %q?", header, f.Name))
	}
	return new(errs.Wrong(header, "unknown_header", "There is no field %q. Make a field of that name first, or map the column to null to ignore it.", header))
}

// otherHeaders are names other programs give to the default fields; they are
// suggestions, never taken silently.
var otherHeaders = map[string]string{
	"given name": field.FirstName, "forename": field.FirstName, "first": field.FirstName, "vorname": field.FirstName, "nombre": field.FirstName, "prenom": field.FirstName,
	"surname": field.LastName, "family name": field.LastName, "last": field.LastName, "nachname": field.LastName, "apellido": field.LastName, "apellidos": field.LastName, "nom": field.LastName,
	"user": field.Username, "user name": field.Username, "login": field.Username, "nickname": field.Username, "handle": field.Username, "benutzername": field.Username,
	"mail": field.EmailName, "e mail": field.EmailName, "email address": field.EmailName, "e mail address": field.EmailName, "mail address": field.EmailName, "correo": field.EmailName,
	"telephone": field.PhoneName, "mobile": field.PhoneName, "phone number": field.PhoneName, "cell": field.PhoneName, "tel": field.PhoneName, "telefon": field.PhoneName,
	"nation": field.CountryName, "country code": field.CountryName, "land": field.CountryName, "locale": field.LanguageName, "lang": field.LanguageName, "sprache": field.LanguageName,
	"roles": field.RoleName, "tags": field.TagName, "labels": field.TagName, "groups": field.RoleName,
}

func (d *dictionary) nearest(name string) *field.Field {
	key := field.HeaderKey(name)
	if fld, ok := otherHeaders[key]; ok {
		return d.byName[field.HeaderKey(fld)]
	}
	var best *field.Field
	squeezed := strings.ReplaceAll(key, " ", "")
	least := 1 + len([]rune(squeezed))/4
	for _, known := range sortedKeys(d.byName) {
		if n := distance(squeezed, strings.ReplaceAll(known, " ", ""), least); n <= least {
			if best == nil || n < least {
				best, least = d.byName[known], n
			}
		}
	}
	return best
}

// distance is how many letters must be added, removed, replaced or swapped to
// make b of a; limit+1 when it is more than limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 100 || len(y) > 100 || len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	before, above := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above = above, row
	}
	return above[len(y)]
}
