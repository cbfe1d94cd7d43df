package source

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet/record"
)

func valuesHeader(t *testing.T, v Values) *Header {
	t.Helper()
	fields := append(field.DefaultFields(),
		field.Field{ID: "1", Field: "plan", Name: "Plan", Type: field.Select, Options: []string{"Pro", "Free"}},
		field.Field{ID: "2", Field: "sizes", Name: "Sizes", Type: field.MultiSelect, Options: []string{"S", "M", "L"}},
		field.Field{ID: "3", Field: "score", Name: "Score", Type: field.Numerical})
	l, err := NewDictionary(false, fields).ReadHeader([]string{"Email", "Plan", "Sizes", "Tag", "Country", "Phone", "Score"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.SetValues(v); err != nil {
		t.Fatal(err)
	}
	return l
}

// described is a row as text: its values and errors.
func described(r Row) string {
	var text strings.Builder
	fmt.Fprint(&text, r.Email, r.Empty)
	for _, c := range r.Cells {
		fmt.Fprintf(&text, " %s=%v", c.Field.Field, c.Value)
	}
	for _, e := range r.Errors {
		fmt.Fprintf(&text, " %s:%s(%s)", e.Column, e.Code, e.Value)
	}
	return text.String()
}

func TestValuesReplaceTextsOfTheFile(t *testing.T) {
	l := valuesHeader(t, Values{
		" Plan ": {"Gold": "Pro", "none": "", "Oops": "#N/A?", " Clear me ": "__CLEAR__"}, //nolint:gocritic // spaces around headers are ignored
		"Sizes":  {"small": "S", "big": "M,L", "x": "", "S, x": "L"},
		"Tag":    {"vip": "VIP", "old": ""},
		"Country": {
			"Preußen": "DE",
		},
		"Score": {"#N/A": ""},
	})
	rd := NewReader(l, field.Formats{}, false)
	for _, test := range []struct {
		cells []string
		want  string
	}{
		{[]string{"a@b.de", "Gold"}, "a@b.defalse plan=Pro"},
		{[]string{"a@b.de", " Gold "}, "a@b.defalse plan=Pro"},
		{[]string{"a@b.de", "gold"}, "a@b.defalse Plan:unknown_option(gold)"},
		{[]string{"a@b.de", "none"}, "a@b.defalse"},
		{[]string{"a@b.de", "Oops"}, "a@b.defalse Plan:unknown_option(#N/A?)"},
		{[]string{"a@b.de", "Clear me"}, "a@b.defalse plan=<nil>"},
		{[]string{"", "none"}, "true"},
		{[]string{"a@b.de", "", "small, big"}, "a@b.defalse sizes=[S M L]"},
		{[]string{"a@b.de", "", "S, x"}, "a@b.defalse sizes=[L]"},
		{[]string{"a@b.de", "", "x, M"}, "a@b.defalse sizes=[M]"},
		{[]string{"a@b.de", "", "x"}, "a@b.defalse"},
		{[]string{"a@b.de", "", "", "vip, old, new"}, "a@b.defalse tag=[VIP new]"},
		{[]string{"a@b.de", "", "", "", "Preußen", "030 901820"}, "a@b.defalse country=DE phone=+4930901820"},
		{[]string{"a@b.de", "", "", "", "", "", "#N/A"}, "a@b.defalse"},
	} {
		if got := described(rd.Read(&record.Row{Cells: test.cells})); got != test.want {
			t.Errorf("%q: %s, want %s", test.cells, got, test.want)
		}
	}
}

func TestValuesOfAnUnknownColumnAreRejected(t *testing.T) {
	l := valuesHeader(t, nil)
	if err := l.SetValues(Values{"Nope": {"a": "b"}}); !errs.Is(err, "invalid_header") || errs.From(err).Fields[0].Field != "Nope" {
		t.Errorf("%v", err)
	}
}

// A row is read as the row that has the other texts.
func TestReplacedTextsAreReadAsTextsOfTheFile(t *testing.T) {
	texts := []string{"Gold", "Pro", "Free", "free", " S", "M", "S,M", "x", "1", "1.5", "#N/A", "__CLEAR__", "'=1", "DE", "Germany", "030 901820", "", " ", "é", "a@b.de", "\u00a0Gold"}
	r := rand.New(rand.NewPCG(5, 6))
	headers := []string{"Email", "Plan", "Country", "Phone", "Score"}
	at := []int{0, 1, 4, 5, 6}
	for range 20_000 {
		v := Values{}
		for _, header := range headers {
			if r.IntN(2) == 0 {
				from := texts[r.IntN(len(texts))]
				if ValueKey(from) != "" {
					v[header] = map[string]string{from: texts[r.IntN(len(texts))]}
				}
			}
		}
		cells := make([]string, 7)
		for i := range cells {
			cells[i] = texts[r.IntN(len(texts))]
		}
		cells[2], cells[3] = "", ""
		replaced := append([]string{}, cells...)
		for i, header := range headers {
			for from, to := range v[header] {
				if trimCell(cells[at[i]]) != "" && ValueKey(cells[at[i]]) == ValueKey(from) {
					replaced[at[i]] = to
				}
			}
		}
		got := described(NewReader(valuesHeader(t, v), field.Formats{}, false).Read(&record.Row{Cells: cells}))
		want := described(NewReader(valuesHeader(t, nil), field.Formats{}, false).Read(&record.Row{Cells: replaced}))
		// A text that a person chose is never an error of the spreadsheet.
		if got != want && !strings.Contains(want, record.CellError) {
			t.Fatalf("%q with %v: %s, want %s", cells, v, got, want)
		}
	}
}

// A corrected row is read as the row that has the other cells.
func TestCorrectedCellsAreReadAsCellsOfTheFile(t *testing.T) {
	texts := []string{"Pro", "x", "1", "1.5", "#N/A", "__CLEAR__", "'=1", "DE", "030 901820", "", " ", "a@b.de"}
	r := rand.New(rand.NewPCG(7, 8))
	for range 20_000 {
		cells := make([]string, r.IntN(8))
		for i := range cells {
			cells[i] = texts[r.IntN(len(texts))]
		}
		corrected := append([]string{}, cells...)
		var list []Correction
		for range r.IntN(4) {
			c := Correction{Line: 5, Cell: r.IntN(9), Text: texts[r.IntN(len(texts))]}
			list = append(list, c, Correction{Line: 6, Cell: 0, Text: "other@b.de"})
			if c.Cell >= 7 {
				continue // no column
			}
			for len(corrected) <= c.Cell {
				corrected = append(corrected, "")
			}
			corrected[c.Cell] = c.Text
		}
		l := valuesHeader(t, nil)
		l.SetCorrections(list)
		row := record.Row{Line: 5, Cells: cells, CellProblems: []record.CellProblem{{Index: 6, Code: record.CellError}}, Shown: []record.ShownText{{Index: 0, Text: "shown@b.de"}}}
		if len(cells) < 7 {
			row.CellProblems = nil
		}
		if len(cells) == 0 {
			row.Shown = nil
		}
		plain := record.Row{Line: 5, Cells: corrected, CellProblems: row.CellProblems, Shown: row.Shown}
		for _, c := range list {
			if c.Line == 5 && c.Cell == 6 {
				plain.CellProblems = nil
			}
			if c.Line == 5 && c.Cell == 0 {
				plain.Shown = nil
			}
		}
		plain.CellProblems, plain.Shown = append([]record.CellProblem{}, plain.CellProblems...), append([]record.ShownText{}, plain.Shown...)
		want := described(NewReader(valuesHeader(t, nil), field.Formats{}, false).Read(&plain))
		if got := described(NewReader(l, field.Formats{}, false).Read(&row)); got != want {
			t.Fatalf("%q with %v: %s, want %s", cells, list, got, want)
		}
	}
}
