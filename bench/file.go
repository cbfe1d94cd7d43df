//go:build linux

package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
)

// Values of the cells.
var (
	firstNames = []string{"Anna", "José", "Zoë", "Olga", "李雷", "Ahmed", "Søren", "Mary-Jane", "Łukasz", "Priya", "Владимир", "Grace", "さくら", "Liam"}
	lastNames  = []string{"Smith", "O'Neil", "García", "Nguyễn", "Kowalski", "van der Berg", "Ibrahim", "Müller-Lüdenscheidt", "Иванов", "Tanaka"}
	countries  = []string{"US", "DE", "FR", "BR", "JP", "IN", "PL", "GB", "NG", "ES"}
	languages  = []string{"English", "German", "Spanish", "Japanese"}
	tags       = []string{"beta", "founder", "newsletter", "partner"}
	plans      = []string{"free", `Says "pro"`, "gold, yearly", "", "Grüße ☕"}
)

// customFields are created in each community before a file is loaded.
var customFields = []struct{ name, kind string }{
	{"Plan", "single-line-text"}, {"Lifetime Deposits", "numerical"}, {"Last Deposit", "date"},
}

var header = []string{
	"First Name", "Last Name", "Username", "Email", "Phone", "Country", "Language", "Role", "Tag",
	"Plan", "Lifetime Deposits", "Last Deposit",
}

// generator generates rows from a fixed seed. With changed, every third person has
// another phone number and plan; with failing, no row has a valid email address. Every
// person whose number is a multiple of marked, if it is not 0, has the plan markedPlan.
type generator struct {
	random  *rand.Rand
	first   int // person of the first row
	drawn   int
	changed bool
	failing bool
	marked  int
}

const markedPlan = "marked"

func newGenerator(changed bool) *generator {
	return &generator{random: rand.New(rand.NewPCG(42, 7)), changed: changed}
}

// number scatters the keys, so that they do not arrive in the order of an index.
func number(person int) uint64 { return (uint64(person)*2654435761 + 12345) % (1 << 32) }

func email(person int) string {
	return fmt.Sprintf("User.%08x@example%d.com", number(person), person%97)
}

func (p *generator) next() []string {
	person, pick := p.first+p.drawn, func(list []string) string { return list[p.random.IntN(len(list))] }
	p.drawn++
	phone := ""
	if n := p.random.IntN(1_000_000_000); n%10 < 7 {
		phone = fmt.Sprintf("+49%09d", n)
	}
	plan, cents := pick(plans), p.random.IntN(1_000_000)
	if p.changed && person%3 == 0 {
		phone, plan = fmt.Sprintf("+44%09d", person), "changed"
	}
	if p.marked > 0 && person%p.marked == 0 {
		plan = markedPlan
	}
	address := email(person)
	if p.failing {
		address = "no address"
	}
	return []string{
		pick(firstNames), pick(lastNames), fmt.Sprintf("user_%08x", number(person)), address, phone,
		pick(countries), pick(languages), "", pick(tags), plan, fmt.Sprintf("%d.%02d", cents/100, cents%100),
		fmt.Sprintf("20%02d-%02d-%02d", 15+p.random.IntN(11), 1+p.random.IntN(12), 1+p.random.IntN(28)),
	}
}

// counter counts the bytes written.
type counter struct {
	io.Writer
	bytes int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.bytes += int64(n)
	return n, err
}

// writeFile writes a file of at most rows members and about limit bytes. After the
// first distinct rows, people repeat with other values.
func writeFile(path string, rows int, limit int64, p *generator, distinct int) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffer := bufio.NewWriterSize(f, 1<<20)
	counted := &counter{Writer: buffer}
	out := csv.NewWriter(counted)
	if err := out.Write(header); err != nil {
		return err
	}
	for written := 0; written < rows && counted.bytes < limit; written++ {
		p.drawn = written % distinct
		if err := out.Write(p.next()); err != nil {
			return err
		}
	}
	out.Flush()
	return errors.Join(out.Error(), buffer.Flush(), f.Sync())
}
