package app_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var generatedHeader = []string{"First Name", "Last Name", "Username", "Email", "Phone", "Country", "Language", "Role", "Tag", "Plan", "Score", "Notes", "Customer No"}

// generator generates files with dependent rows: new members, existing and
// repeated ones, renames, reused names, and rows that fail.
type generator struct {
	*rand.Rand
	people []generated // in the order in which the files name them
	rows   [][]string
	tags   int
	later  []laterRow
}

// laterRow is a row to add when a file has so many rows.
type laterRow struct {
	rows  int
	cells []string
}

// The circles of members that exchange usernames over rows of several batches.
const (
	circles    = 6
	circleSize = 3
	circleRows = 4_000 // from the first row of a circle to its last
)

// generated is a member after the rows so far, if none of them fails.
type generated struct{ email, username string }

// seedFile is a file of n new people.
func (g *generator) seedFile(t testing.TB, n int) []byte {
	for range n - circles*circleSize {
		g.newMember()
	}
	for i := range circles * circleSize {
		row := g.cells()
		row[0], row[1], row[2], row[3] = "Circle", fmt.Sprint(i), fmt.Sprintf("circle%d", i), circleEmail(i)
		g.rows = append(g.rows, row)
	}
	return g.encode(t)
}

func circleEmail(i int) string { return fmt.Sprintf("circle%d@example.com", i) }

// exchanges plans the rows of the circles at random places of a file of n rows.
func (g *generator) exchanges(n int) {
	for c := range circles {
		first := g.IntN(max(n-circleRows, 1))
		for i := range circleSize {
			row := make([]string, len(generatedHeader))
			row[2], row[3] = fmt.Sprintf("circle%d", c*circleSize+(i+1)%circleSize), circleEmail(c*circleSize+i)
			g.later = append(g.later, laterRow{first + g.IntN(min(circleRows, n-first)), row})
		}
	}
	slices.SortStableFunc(g.later, func(a, b laterRow) int { return a.rows - b.rows })
}

// mixedFile is a file of n rows of every kind.
func (g *generator) mixedFile(t testing.TB, n int) []byte {
	g.exchanges(n)
	for len(g.rows) < n {
		for len(g.later) > 0 && g.later[0].rows <= len(g.rows) {
			g.rows, g.later = append(g.rows, g.later[0].cells), g.later[1:]
		}
		switch k := g.IntN(100); {
		case k < 50:
			g.newMember()
		case k < 70:
			g.change()
		case k < 76:
			g.rename()
		case k < 80:
			g.byUsername()
		case k < 83:
			g.conflict()
		case k < 86:
			g.rows = append(g.rows, make([]string, len(generatedHeader)))
		default:
			g.bad()
		}
	}
	for _, l := range g.later {
		g.rows = append(g.rows, l.cells)
	}
	g.later = nil
	return g.encode(t)
}

func (g *generator) encode(t testing.TB) []byte {
	t.Helper()
	var file bytes.Buffer
	w := csv.NewWriter(&file)
	if err := w.WriteAll(append([][]string{generatedHeader}, g.rows...)); err != nil {
		t.Fatal(err)
	}
	g.rows = nil
	return file.Bytes()
}

// known returns a member of an earlier row, recent ones more often: they may be
// in the current batch.
func (g *generator) known() *generated {
	if g.IntN(2) == 0 {
		return &g.people[len(g.people)-1-g.IntN(min(len(g.people), 300))]
	}
	return &g.people[g.IntN(len(g.people))]
}

func (g *generator) pick(from ...string) string { return from[g.IntN(len(from))] }

// cells fills a row with values, each cell empty now and then.
func (g *generator) cells() []string {
	row := make([]string, len(generatedHeader))
	fill := func(column int, value string) {
		if g.IntN(3) > 0 {
			row[column] = value
		}
	}
	fill(4, fmt.Sprintf("+4930%07d", g.IntN(1e7)))
	fill(5, g.pick("Germany", "FR", "Japan", "US", "__CLEAR__"))
	fill(6, g.pick("German", "en", "fr-CA", "__CLEAR__"))
	fill(7, g.pick("Gold", "Silver", "Gold, Silver", "__CLEAR__"))
	fill(9, g.pick("gold", "silver", "=cmd()", "plan ünïcode", "__CLEAR__"))
	fill(10, g.pick("1.50", "-7", fmt.Sprint(g.IntN(1000)), "__CLEAR__"))
	if g.IntN(4) == 0 {
		g.tags++
		row[8] = fmt.Sprintf("tag %d,tag %d", g.tags/40, g.IntN(g.tags/40+1)) // the first names a new one now and then
	}
	if g.IntN(5) == 0 {
		row[11] = "first line\nsecond \"line\", " + fmt.Sprint(g.IntN(100))
	}
	if g.IntN(5) == 0 {
		row[12] = fmt.Sprintf("C-%d", g.IntN(20_000)) // somebody may have it already
	}
	return row
}

func (g *generator) newMember() {
	n := len(g.people)
	who := generated{fmt.Sprintf("user%d@example.com", n), fmt.Sprintf("user%d", n)}
	if n > 0 && g.IntN(20) == 0 {
		who.username = fmt.Sprintf("old%d", g.IntN(n)) // perhaps one that a rename has set free, perhaps taken
	}
	g.people = append(g.people, who)
	row := g.cells()
	row[0], row[1], row[2], row[3] = fmt.Sprintf("First %d", n), fmt.Sprintf("Last %d", n), who.username, who.email
	g.rows = append(g.rows, row)
}

func (g *generator) change() {
	row := g.cells()
	row[3] = g.known().email
	if g.IntN(4) == 0 {
		row[3] = "  " + strings.ToUpper(row[3])
	}
	if g.IntN(3) == 0 {
		row[0] = fmt.Sprintf("Renamed %d", g.IntN(100))
	}
	g.rows = append(g.rows, row)
}

// rename gives a member a name that others may use, or the previous one.
func (g *generator) rename() {
	who := g.known()
	row := g.cells()
	who.username = fmt.Sprintf("old%d", g.IntN(len(g.people)))
	row[2], row[3] = who.username, who.email
	g.rows = append(g.rows, row)
}

func (g *generator) byUsername() {
	row := g.cells()
	row[2] = g.known().username
	g.rows = append(g.rows, row)
}

func (g *generator) conflict() {
	row := g.cells()
	row[2], row[3] = g.known().username, g.known().email
	g.rows = append(g.rows, row)
}

func (g *generator) bad() {
	n := len(g.people) + g.IntN(100) // perhaps somebody who comes later
	row := g.cells()
	row[0], row[1], row[2], row[3] = "Bad", "Row", fmt.Sprintf("bad%d", n), fmt.Sprintf("bad%d@example.com", n)
	switch g.IntN(9) {
	case 0:
		row[3] = "not an email"
	case 1:
		row[0] = ""
	case 2:
		row[7] = "gold" // roles are compared with their case
	case 3:
		row[10] = "1,234"
	case 4:
		row[4] = "12"
	case 5:
		row[5] = "Atlantis"
	case 6:
		row = append(row, "one cell too many")
	case 7:
		row[2] = "1234567"
	case 8:
		row[1] = strings.Repeat("x", 51)
	}
	g.rows = append(g.rows, row)
}
