package sheet

import (
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/regulars/regulars/internal/errs"
)

// Scratch is a temporary file. Close removes it.
type Scratch interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// errNoScratch: the caller gave no Options.Scratch, and the file needs one.
var errNoScratch = errors.New("read workbook: no temporary file is available")

func (o Options) scratch() (Scratch, error) {
	if o.Scratch == nil {
		return nil, errNoScratch
	}
	return o.Scratch()
}

// What a workbook's strings may take.
const (
	stringsInMemory = 12 << 20 // bytes; the rest goes to a temporary file
	maxStrings      = 16 << 20 // number of strings, which bounds the index
	blockBytes      = 16 << 10 // a block of strings ends at so many bytes
	blockStrings    = 1 << 10  // or at so many strings
	blockCache      = 32       // blocks of the file that stay in memory
	cachedBytes     = 64 << 10 // larger blocks do not
)

// stringTable is the strings that the cells of a workbook share. They are kept
// in blocks: the first ones in memory, the others in a temporary file.
type stringTable struct {
	max     int64 // bytes that stay in memory
	scratch func() (Scratch, error)

	count  int
	open   stringBlock // not closed yet
	blocks []blockRef
	memory int64 // bytes of the blocks in memory
	file   Scratch
	size   int64  // of file
	buffer []byte // a block on its way to file
	cache  [blockCache]cachedBlock
}

// stringBlock is some strings behind each other. ends says where each ends.
type stringBlock struct {
	ends []uint32
	data []byte
}

// blockRef is where a closed block is.
type blockRef struct {
	first  int          // the number of its first string
	memory *stringBlock // nil: in the file
	offset int64        // of ends, four bytes each, then data
	bytes  int          // of data
}

type cachedBlock struct {
	number int // from 1; 0: none
	stringBlock
}

// add keeps s as the next string.
func (t *stringTable) add(s []byte) error {
	if t.count == maxStrings {
		return errs.New(errs.TooLarge, "zip_bomb", "The workbook has more than %d different texts; save it as CSV.", maxStrings)
	}
	t.count++
	t.open.data = append(t.open.data, s...)
	t.open.ends = append(t.open.ends, uint32(len(t.open.data))) //nolint:gosec // a block is at most two records long
	if len(t.open.data) < blockBytes && len(t.open.ends) < blockStrings {
		return nil
	}
	return t.flush()
}

// flush closes the open block. Call it before get.
func (t *stringTable) flush() error {
	if len(t.open.ends) == 0 {
		return nil
	}
	ref := blockRef{first: t.count - len(t.open.ends), bytes: len(t.open.data)}
	var err error
	if size := int64(4*len(t.open.ends) + len(t.open.data)); t.file == nil && t.memory+size <= t.max {
		t.memory += size
		ref.memory = &stringBlock{append([]uint32(nil), t.open.ends...), append([]byte(nil), t.open.data...)}
	} else {
		ref.offset, err = t.spill()
	}
	t.blocks = append(t.blocks, ref)
	t.open.ends, t.open.data = t.open.ends[:0], t.open.data[:0]
	return err
}

// spill writes the open block to the file and returns its place.
func (t *stringTable) spill() (offset int64, err error) {
	if t.file == nil {
		if t.file, err = t.scratch(); err != nil {
			t.file = nil
			return 0, fmt.Errorf("keep strings of workbook: %w", err)
		}
	}
	t.buffer = t.buffer[:0]
	for _, end := range t.open.ends {
		t.buffer = append(t.buffer, byte(end), byte(end>>8), byte(end>>16), byte(end>>24))
	}
	t.buffer = append(t.buffer, t.open.data...)
	if _, err := t.file.Write(t.buffer); err != nil {
		return 0, fmt.Errorf("keep strings of workbook: %w", err)
	}
	offset = t.size
	t.size += int64(len(t.buffer))
	return offset, nil
}

// get returns string i after flush; errTooLong when it has more than most
// bytes.
func (t *stringTable) get(i, most int) (string, error) {
	if t == nil || i < 0 || i >= t.count {
		return "", fmt.Errorf("read workbook: %w: there is no string %d", ErrDamaged, i)
	}
	number := sort.Search(len(t.blocks), func(n int) bool { return t.blocks[n].first > i }) - 1
	block, err := t.block(number)
	if err != nil {
		return "", fmt.Errorf("read strings of workbook: %w", err)
	}
	at, from := i-t.blocks[number].first, uint32(0)
	if at > 0 {
		from = block.ends[at-1]
	}
	if int64(block.ends[at])-int64(from) > int64(most) {
		return "", errTooLong
	}
	return string(block.data[from:block.ends[at]]), nil
}

// block returns a closed block, from the file if need be.
func (t *stringTable) block(number int) (*stringBlock, error) {
	ref := t.blocks[number]
	if ref.memory != nil {
		return ref.memory, nil
	}
	kept := &t.cache[number%blockCache]
	if kept.number == number+1 {
		return &kept.stringBlock, nil
	}
	count := t.count - ref.first
	if number+1 < len(t.blocks) {
		count = t.blocks[number+1].first - ref.first
	}
	raw := make([]byte, 4*count+ref.bytes)
	if _, err := t.file.ReadAt(raw, ref.offset); err != nil {
		return nil, err
	}
	read := stringBlock{make([]uint32, count), raw[4*count:]}
	for i := range read.ends {
		b := raw[4*i:]
		read.ends[i] = uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
	}
	if len(raw) > cachedBytes {
		return &read, nil
	}
	*kept = cachedBlock{number + 1, read}
	return &kept.stringBlock, nil
}

func (t *stringTable) close() error {
	if t.file == nil {
		return nil
	}
	file := t.file
	t.file = nil
	return file.Close()
}

func (b *book) readStrings() error {
	p, err := b.part("xl/sharedStrings.xml")
	if p == nil || err != nil {
		return err
	}
	defer p.close()
	b.strings = &stringTable{max: stringsInMemory, scratch: b.scratch}
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
