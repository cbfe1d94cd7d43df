package source

import (
	"strings"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet/record"
)

// marks are the marks of the cells of a row that have not been passed.
type marks struct {
	shown    []record.ShownText
	problems []record.CellProblem
}

// text returns the text of the cell at an index: in columns of numbers, dates
// and booleans the value, in others as the number format shows it. Indexes
// ascend.
func (m *marks) text(i int, c *Column, value string) string {
	for len(m.shown) > 0 && m.shown[0].Index < i {
		m.shown = m.shown[1:]
	}
	if len(m.shown) == 0 || m.shown[0].Index > i || !c.readsShown() {
		return value
	}
	return trimCell(m.shown[0].Text)
}

// readsShown reports whether a number in the column is read as its format shows
// it.
func (c *Column) readsShown() bool {
	if c.Field == nil {
		return false
	}
	switch c.Field.Type {
	case field.Numerical, field.Date, field.Boolean:
		return false
	}
	return true
}

// ReadsShown is readsShown of the column at an index.
func (l *Header) ReadsShown(column int) bool {
	return column < len(l.Columns) && l.Columns[column].readsShown()
}

// problem returns the code of the problem of the cell at an index, "" without
// one. Indexes ascend.
func (m *marks) problem(i int) string {
	for len(m.problems) > 0 && m.problems[0].Index < i {
		m.problems = m.problems[1:]
	}
	if len(m.problems) > 0 && m.problems[0].Index == i {
		return m.problems[0].Code
	}
	return ""
}

var cellErrors = map[string]string{
	record.CellError:    "The cell has an error of the spreadsheet instead of a value. Correct its formula, or clear the cell.",
	record.FormulaValue: "The cell has a formula without a stored result. Open the file in a spreadsheet program, save it, and upload it again.",
}

// problem returns the code of a cell without a value: an error, also as text, or
// a formula without a result, also in a failed.csv.
func (rd *Reader) problem(src *record.Row, i int, text string, m *marks) string {
	if code := m.problem(i); code != "" {
		return code
	}
	switch text[0] {
	case '#':
		if errorTexts[text] || strings.ContainsRune("!?", rune(text[len(text)-1])) && rd.failedBefore(src, record.CellError) {
			return record.CellError
		}
	case 'E':
		if number, ok := strings.CutPrefix(text, "Err:"); ok && len(number) == 3 && strings.Trim(number, "0123456789") == "" {
			return record.CellError
		}
	case '=':
		if rd.failedBefore(src, record.FormulaValue) {
			return record.FormulaValue
		}
	}
	return ""
}

// failedBefore reports whether a row of a failed.csv had an error with a code.
func (rd *Reader) failedBefore(src *record.Row, code string) bool {
	at := rd.header.errorCode
	return at > 0 && at < len(src.Cells) && strings.Contains(src.Cells[at], code)
}

// errorTexts are the errors of spreadsheet programs, which they save in a CSV
// file in the language of the user.
var errorTexts = func() map[string]bool {
	texts := map[string]bool{}
	for text := range strings.FieldsSeq(`#N/A #REF! #NAME? #DIV/0! #VALUE! #NUM! #NULL! #SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT! #UNKNOWN! #BUSY! #GETTING_DATA #PYTHON! #ERROR!
		#NV #BEZUG! #WERT! #ZAHL! #ÜBERLAUF! #KALK!
		#N/D #¡REF! #¿NOMBRE? #¡DIV/0! #¡VALOR! #¡NUM! #¡NULO!
		#NOM? #VALEUR! #NOMBRE! #NUL! #PROPAGATION!
		#RIF! #NOME? #VALORE! #VALOR! #NÚM! #NULO!
		#N/B #VERW! #NAAM? #DEEL/0! #WAARDE! #GETAL! #LEEG!
		#N/D! #ADR! #NAZWA? #DZIEL/0! #ARG! #LICZBA! #ZERO!
		#YOK #BAŞV! #AD? #SAYI/0! #DEĞER! #SAYI! #BOŞ!
		#Н/Д #ССЫЛКА! #ИМЯ? #ДЕЛ/0! #ЗНАЧ! #ЧИСЛО! #ПУСТО!`) {
		texts[text] = true
	}
	return texts
}()
