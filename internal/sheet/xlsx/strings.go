package xlsx

import (
	"fmt"
	"sort"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// Limits of the shared strings.
const (
	stringsInMemory = 4 << 20  // bytes; the rest goes to a temporary file
	maxStrings      = 16 << 20 // number of strings, which bounds the index
	blockBytes      = 16 << 10 // maximum bytes of a block of strings
	blockStrings    = 1 << 10  // maximum strings of a block
	blockCache      = 32       // blocks of the file that are cached
	cachedBytes     = 64 << 10 // maximum size of a cached block
)

// sharedStrings are the strings that cells refer to by index, in blocks: the
// first ones in memory, the others in a temporary file.
type sharedStrings struct {
	maxMemory  int64 // bytes kept in memory
	newScratch func() (unpack.Scratch, error)

	count   int
	current stringBlock // the block being filled
	blocks  []blockRef
	memory  int64 // bytes of the blocks in memory
	file    unpack.Scratch
	size    int64  // of file
	buffer  []byte // encoded block for the file
	cache   [blockCache]cachedBlock
}

// stringBlock is a run of strings; ends are their end offsets in data.
type stringBlock struct {
	ends []uint32
	data []byte
}

// blockRef locates a complete block.
type blockRef struct {
	first  int          // index of its first string
	memory *stringBlock // nil if it is in the file
	offset int64        // of ends, four bytes each, then data
	bytes  int          // of data
}

type cachedBlock struct {
	number int // from 1; 0: none
	stringBlock
}

func (t *sharedStrings) add(s []byte) error {
	if t.count == maxStrings {
		return errs.New(errs.TooLarge, "zip_bomb", "The workbook has more than %d different texts; save it as CSV.", maxStrings)
	}
	t.count++
	t.current.data = append(t.current.data, s...)
	t.current.ends = append(t.current.ends, uint32(len(t.current.data))) //nolint:gosec // a block is at most two records long
	if len(t.current.data) < blockBytes && len(t.current.ends) < blockStrings {
		return nil
	}
	return t.flush()
}

// flush completes the current block. It must precede get.
func (t *sharedStrings) flush() error {
	if len(t.current.ends) == 0 {
		return nil
	}
	ref := blockRef{first: t.count - len(t.current.ends), bytes: len(t.current.data)}
	var err error
	if size := int64(4*len(t.current.ends) + len(t.current.data)); t.file == nil && t.memory+size <= t.maxMemory {
		t.memory += size
		ref.memory = &stringBlock{append([]uint32(nil), t.current.ends...), append([]byte(nil), t.current.data...)}
	} else {
		ref.offset, err = t.spill()
	}
	t.blocks = append(t.blocks, ref)
	t.current.ends, t.current.data = t.current.ends[:0], t.current.data[:0]
	return err
}

// spill writes the current block to the file and returns its offset.
func (t *sharedStrings) spill() (offset int64, err error) {
	if t.file == nil {
		if t.file, err = t.newScratch(); err != nil {
			t.file = nil
			return 0, fmt.Errorf("store strings of workbook:  %w", err)
		}
	}
	t.buffer = t.buffer[:0]
	for _, end := range t.current.ends {
		t.buffer = append(t.buffer, byte(end), byte(end>>8), byte(end>>16), byte(end>>24))
	}
	t.buffer = append(t.buffer, t.current.data...)
	if _, err := t.file.Write(t.buffer); err != nil {
		return 0, fmt.Errorf("store strings of workbook:  %w", err)
	}
	offset = t.size
	t.size += int64(len(t.buffer))
	return offset, nil
}

// get returns string i after flush; errTooLong if it exceeds maxBytes.
func (t *sharedStrings) get(i, maxBytes int) (string, error) {
	if t == nil || i < 0 || i >= t.count {
		return "", fmt.Errorf("read workbook: %w: there is no string %d", unpack.ErrDamaged, i)
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
	if int64(block.ends[at])-int64(from) > int64(maxBytes) {
		return "", errTooLong
	}
	return string(block.data[from:block.ends[at]]), nil
}

func (t *sharedStrings) block(number int) (*stringBlock, error) {
	ref := t.blocks[number]
	if ref.memory != nil {
		return ref.memory, nil
	}
	slot := &t.cache[number%blockCache]
	if slot.number == number+1 {
		return &slot.stringBlock, nil
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
	*slot = cachedBlock{number + 1, read}
	return &slot.stringBlock, nil
}

func (t *sharedStrings) close() error {
	if t.file == nil {
		return nil
	}
	file := t.file
	t.file = nil
	return file.Close()
}
