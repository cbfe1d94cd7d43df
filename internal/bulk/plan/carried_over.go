package plan

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/regulars/regulars/internal/bulk/spill"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
)

// carriedEntries are the entries that a dry run carries over, by the hashes of
// their keys. Beyond a limit of memory all of them move to a temporary file.
type carriedEntries struct {
	spill.Files
	limit  func() int64 // bytes
	fields []field.Field
	memory map[uint64][]*packedEntry
	list   map[*packedEntry]struct{} // in memory
	bytes  int64
	file   *spill.File // nil: all in memory
	table  *spill.KeyTable
}

// packedEntry is the packed form of an entry. Only its place changes, once.
type packedEntry struct {
	packed []byte
	hashes []uint64
	place  int64 // in the file; -1: in memory
}

// size estimates the memory of the entry in the maps.
func (s *packedEntry) size() int64 { return int64(len(s.packed)) + 160 + 96*int64(len(s.hashes)) }

func newCarriedEntries(s spill.Files, limit func() int64, fields []field.Field) *carriedEntries {
	return &carriedEntries{Files: s, limit: limit, fields: fields, memory: map[uint64][]*packedEntry{}, list: map[*packedEntry]struct{}{}}
}

func (c *carriedEntries) close() {
	if c.file != nil {
		c.file.Close()
		c.table.Close()
	}
}

func (c *carriedEntries) empty() bool { return len(c.list) == 0 && c.file == nil }

// find returns the entries with one of the keys, without duplicates.
func (c *carriedEntries) find(hashes []uint64) ([]*packedEntry, error) {
	var found []*packedEntry
	seen := map[*packedEntry]bool{}
	read := map[int64]bool{}
	var places []int64
	for _, hash := range hashes {
		for _, s := range c.memory[hash] {
			if !seen[s] {
				seen[s] = true
				found = append(found, s)
			}
		}
		if c.file == nil {
			continue
		}
		var err error
		if places, err = c.table.Find(hash, places[:0]); err != nil {
			return nil, err
		}
		for _, place := range places {
			if read[place] {
				continue
			}
			read[place] = true
			s, err := c.read(place)
			if err != nil {
				return nil, err
			}
			found = append(found, s)
		}
	}
	return found, nil
}

// put adds an entry.
func (c *carriedEntries) put(ctx context.Context, p *Entry, hashes []uint64) error {
	packed, err := p.pack(nil)
	if err != nil {
		return err
	}
	s := &packedEntry{packed: packed, hashes: slices.Clone(hashes), place: -1}
	for _, hash := range hashes {
		c.memory[hash] = append(c.memory[hash], s)
	}
	c.list[s] = struct{}{}
	c.bytes += s.size()
	if c.bytes <= c.limit() {
		return nil
	}
	return c.spill(ctx)
}

// remove removes an entry.
func (c *carriedEntries) remove(ctx context.Context, s *packedEntry) error {
	if _, inMemory := c.list[s]; inMemory {
		delete(c.list, s)
		c.bytes -= s.size()
		for _, hash := range s.hashes {
			rest := slices.DeleteFunc(c.memory[hash], func(other *packedEntry) bool { return other == s })
			if len(rest) == 0 {
				delete(c.memory, hash)
			} else {
				c.memory[hash] = rest
			}
		}
		return nil
	}
	for _, hash := range s.hashes {
		if err := c.table.Remove(ctx, hash, s.place); err != nil {
			return err
		}
	}
	return nil
}

// spill moves all entries from memory to the file.
func (c *carriedEntries) spill(ctx context.Context) (err error) {
	if c.file == nil {
		if err := c.begin(ctx); err != nil {
			return err
		}
	}
	buffer := make([]byte, 0, 2*spill.BufferBytes)
	start := c.file.Size
	for s := range c.list {
		s.place = start + int64(len(buffer))
		buffer = s.appendTo(buffer)
		for _, hash := range s.hashes {
			if err := c.table.Add(ctx, hash, s.place); err != nil {
				return err
			}
		}
		if len(buffer) >= spill.BufferBytes {
			if err := c.file.Append(ctx, buffer); err != nil {
				return err
			}
			start, buffer = c.file.Size, buffer[:0]
		}
	}
	if err := c.file.Append(ctx, buffer); err != nil {
		return err
	}
	clear(c.list)
	c.memory, c.bytes = map[uint64][]*packedEntry{}, 0
	return nil
}

func (c *carriedEntries) begin(ctx context.Context) (err error) {
	file, err := c.Create(ctx)
	if err != nil {
		return err
	}
	table, err := spill.NewKeyTable(ctx, c.Files, spill.FirstBits)
	if err != nil {
		file.Close()
		return err
	}
	c.file, c.table = file, table
	return nil
}

// appendTo appends the stored form: both lengths, the hashes, the packed form.
func (s *packedEntry) appendTo(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.hashes))) //nolint:gosec // an entry has few keys
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.packed))) //nolint:gosec // a row has at most 1 MiB
	for _, hash := range s.hashes {
		b = binary.LittleEndian.AppendUint64(b, hash)
	}
	return append(b, s.packed...)
}

// read reads the entry at a place.
func (c *carriedEntries) read(place int64) (*packedEntry, error) {
	const head = 8
	first := make([]byte, min(512, c.file.Size-place))
	if _, err := c.file.ReadAt(first, place); err != nil {
		return nil, err
	}
	hashes, packed := int(binary.LittleEndian.Uint32(first)), int(binary.LittleEndian.Uint32(first[4:]))
	all := first
	if size := head + 8*hashes + packed; size > len(first) {
		all = make([]byte, size)
		if _, err := c.file.ReadAt(all, place); err != nil {
			return nil, err
		}
	}
	s := &packedEntry{place: place, hashes: make([]uint64, hashes)}
	for i := range s.hashes {
		s.hashes[i] = binary.LittleEndian.Uint64(all[head+8*i:])
	}
	s.packed = all[head+8*hashes:][:packed]
	return s, nil
}

// unpack returns a new entry, which the caller may change.
func (c *carriedEntries) unpack(s *packedEntry) (*Entry, error) {
	in := field.NewBinaryReader(s.packed)
	p := &Entry{simulated: in.Uint() != 0, packed: s}
	p.Record, p.line = member.ReadRecord(in), int(in.Uint()) //nolint:gosec // was an int
	p.oldUsername = in.String()
	for range in.Uint() {
		id := in.String()
		value := in.Value()
		if in.Err != nil {
			break
		}
		if i := slices.IndexFunc(c.fields, func(f field.Field) bool { return f.ID == id }); i >= 0 {
			if p.oldIdentifiers == nil {
				p.oldIdentifiers = map[*field.Field]any{}
			}
			p.oldIdentifiers[&c.fields[i]] = value
		}
	}
	for range in.Uint() {
		unit := ledger.Unit(in.String())
		p.balances = append(p.balances, balance{unit, int64(in.Uint())}) //nolint:gosec // was an int64
		if in.Err != nil {
			break
		}
	}
	return p, in.Err
}
