package sheet

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/regulars/regulars/internal/errs"
)

// stringsInMemory is how much of a workbook's strings is held in memory; the
// others go to a temporary file.
const stringsInMemory = 64 << 20

// maxStrings bounds what remembering the place of each string takes.
const maxStrings = 16 << 20

// stringTable is the strings that the cells of a workbook share.
type stringTable struct {
	memory []byte
	max    int64 // bytes that go to memory
	size   int64
	file   *os.File
	buffer []byte // not yet in file

	// Workbooks have millions of strings: two bytes for each, and what that
	// cannot say.
	lengths []uint16
	long    map[int]int64 // lengths from longString on
	starts  []int64       // where every startEvery-th string begins
}

const (
	longString = 1<<16 - 1
	startEvery = 64
)

// place says where string i is.
func (t *stringTable) place(i int) (from, to int64) {
	first := i - i%startEvery
	to = t.starts[i/startEvery]
	for n := first; n <= i; n++ {
		from = to
		if t.lengths[n] == longString {
			to += t.long[n]
		} else {
			to += int64(t.lengths[n])
		}
	}
	return from, to
}

// note remembers the place of the next string.
func (t *stringTable) note(length int) {
	i := len(t.lengths)
	if i%startEvery == 0 {
		t.starts = append(t.starts, t.size)
	}
	if length >= longString {
		if t.long == nil {
			t.long = map[int]int64{}
		}
		t.long[i] = int64(length)
	}
	t.lengths = append(t.lengths, uint16(min(length, longString)))
	t.size += int64(length)
}

// add keeps s as the next string.
func (t *stringTable) add(s []byte) error {
	if len(t.lengths) == maxStrings {
		return errs.New(errs.TooLarge, "zip_bomb", "The workbook has more than %d different texts; save it as CSV.", maxStrings)
	}
	t.note(len(s))
	if t.file == nil && t.size <= t.max {
		t.memory = append(t.memory, s...)
		return nil
	}
	if t.file == nil {
		file, err := os.CreateTemp("", "table-strings-*")
		if err != nil {
			return fmt.Errorf("keep strings of workbook: %w", err)
		}
		t.file = file
	}
	t.buffer = append(t.buffer, s...)
	if len(t.buffer) < windowSize {
		return nil
	}
	return t.flush()
}

func (t *stringTable) flush() error {
	if t.file == nil {
		return nil
	}
	if _, err := t.file.Write(t.buffer); err != nil {
		return fmt.Errorf("keep strings of workbook: %w", err)
	}
	t.buffer = t.buffer[:0]
	return nil
}

// get returns string i after flush; errTooLong when it has more than most
// bytes.
func (t *stringTable) get(i, most int) (string, error) {
	if t == nil || i < 0 || i >= len(t.lengths) {
		return "", fmt.Errorf("read workbook: %w: there is no string %d", ErrDamaged, i)
	}
	from, to := t.place(i)
	if to-from > int64(most) {
		return "", errTooLong
	}
	inMemory := int64(len(t.memory))
	if to <= inMemory {
		return string(t.memory[from:to]), nil
	}
	b := make([]byte, to-from)
	if _, err := t.file.ReadAt(b, from-inMemory); err != nil {
		return "", fmt.Errorf("read strings of workbook: %w", err)
	}
	return string(b), nil
}

func (t *stringTable) close() error {
	if t.file == nil {
		return nil
	}
	file := t.file
	t.file = nil
	return remove(file)
}

func (b *book) readStrings() error {
	p, err := b.part("xl/sharedStrings.xml")
	if p == nil || err != nil {
		return err
	}
	defer p.close()
	b.strings = &stringTable{max: stringsInMemory}
	var text []byte
	for {
		kind, err := p.token()
		if errors.Is(err, io.EOF) {
			return b.strings.flush()
		}
		if err != nil {
			return err
		}
		if kind == startTag && p.is("si") {
			p.renew()
			if text, err = p.richText(text[:0], "si"); err != nil {
				return err
			}
			if len(text) <= MaxRecord {
				text = append(text[:0], unescape(string(text))...)
			}
			if err := b.strings.add(text); err != nil {
				return err
			}
		}
	}
}
