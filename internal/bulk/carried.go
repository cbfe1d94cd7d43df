package bulk

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
)

// carriedPeople are the people whom a dry run has changed and a later row may
// name, by the hashes of the keys it may name them by. They are kept in memory
// up to a limit; then all of them move to a temporary file.
type carriedPeople struct {
	spiller
	limit  func() int64 // bytes
	fields []field.Field
	memory map[uint64][]*storedPerson
	list   map[*storedPerson]struct{} // those in memory
	bytes  int64
	file   *spillFile // nil: nobody was moved yet
	table  *keyTable
}

// storedPerson is the packed form of a person. Only its place changes, once.
type storedPerson struct {
	packed []byte
	hashes []uint64
	place  int64 // in the file; -1: in memory
}

// size estimates the memory of the person and its entries in maps.
func (s *storedPerson) size() int64 { return int64(len(s.packed)) + 160 + 96*int64(len(s.hashes)) }

func newCarriedPeople(s spiller, limit func() int64, fields []field.Field) *carriedPeople {
	return &carriedPeople{spiller: s, limit: limit, fields: fields, memory: map[uint64][]*storedPerson{}, list: map[*storedPerson]struct{}{}}
}

func (c *carriedPeople) close() {
	if c.file != nil {
		c.file.close()
		c.table.close()
	}
}

func (c *carriedPeople) empty() bool { return len(c.list) == 0 && c.file == nil }

// named returns the people who have one of the keys, each once.
func (c *carriedPeople) named(hashes []uint64) ([]*storedPerson, error) {
	var found []*storedPerson
	seen := map[*storedPerson]bool{}
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
		if places, err = c.table.find(hash, places[:0]); err != nil {
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

// put keeps a person.
func (c *carriedPeople) put(ctx context.Context, p *person, hashes []uint64) error {
	packed, err := p.pack(nil)
	if err != nil {
		return err
	}
	s := &storedPerson{packed: packed, hashes: slices.Clone(hashes), place: -1}
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

// remove forgets a person as they were.
func (c *carriedPeople) remove(ctx context.Context, s *storedPerson) error {
	if _, inMemory := c.list[s]; inMemory {
		delete(c.list, s)
		c.bytes -= s.size()
		for _, hash := range s.hashes {
			rest := slices.DeleteFunc(c.memory[hash], func(other *storedPerson) bool { return other == s })
			if len(rest) == 0 {
				delete(c.memory, hash)
			} else {
				c.memory[hash] = rest
			}
		}
		return nil
	}
	for _, hash := range s.hashes {
		if err := c.table.remove(ctx, hash, s.place); err != nil {
			return err
		}
	}
	return nil
}

const spillBuffer = 64 << 10

// spill moves everybody from memory to the file.
func (c *carriedPeople) spill(ctx context.Context) (err error) {
	if c.file == nil {
		if err := c.begin(ctx); err != nil {
			return err
		}
	}
	buffer := make([]byte, 0, 2*spillBuffer)
	start := c.file.size
	for s := range c.list {
		s.place = start + int64(len(buffer))
		buffer = s.appendTo(buffer)
		for _, hash := range s.hashes {
			if err := c.table.add(ctx, hash, s.place); err != nil {
				return err
			}
		}
		if len(buffer) >= spillBuffer {
			if err := c.file.append(ctx, buffer); err != nil {
				return err
			}
			start, buffer = c.file.size, buffer[:0]
		}
	}
	if err := c.file.append(ctx, buffer); err != nil {
		return err
	}
	clear(c.list)
	c.memory, c.bytes = map[uint64][]*storedPerson{}, 0
	return nil
}

func (c *carriedPeople) begin(ctx context.Context) (err error) {
	file, err := c.create(ctx)
	if err != nil {
		return err
	}
	table, err := newKeyTable(ctx, c.spiller, firstBits)
	if err != nil {
		file.close()
		return err
	}
	c.file, c.table = file, table
	return nil
}

// appendTo appends the person as it is in the file: the lengths of both parts,
// the hashes, the packed form.
func (s *storedPerson) appendTo(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.hashes))) //nolint:gosec // a person has few keys
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.packed))) //nolint:gosec // a row has at most 1 MiB
	for _, hash := range s.hashes {
		b = binary.LittleEndian.AppendUint64(b, hash)
	}
	return append(b, s.packed...)
}

// read reads the person at a place.
func (c *carriedPeople) read(place int64) (*storedPerson, error) {
	const head = 8
	first := make([]byte, min(512, c.file.size-place))
	if _, err := c.file.file.ReadAt(first, place); err != nil {
		return nil, err
	}
	hashes, packed := int(binary.LittleEndian.Uint32(first)), int(binary.LittleEndian.Uint32(first[4:]))
	all := first
	if size := head + 8*hashes + packed; size > len(first) {
		all = make([]byte, size)
		if _, err := c.file.file.ReadAt(all, place); err != nil {
			return nil, err
		}
	}
	s := &storedPerson{place: place, hashes: make([]uint64, hashes)}
	for i := range s.hashes {
		s.hashes[i] = binary.LittleEndian.Uint64(all[head+8*i:])
	}
	s.packed = all[head+8*hashes:][:packed]
	return s, nil
}

// pack appends the packed form of a person to b.
func (p *person) pack(b []byte) (_ []byte, err error) {
	imagined := byte(0)
	if p.imagined {
		imagined = 1
	}
	if b, err = p.Record.AppendBinary(append(b, imagined)); err != nil {
		return nil, err
	}
	b = binary.AppendUvarint(b, uint64(len(p.wasNamed)))
	b = append(b, p.wasNamed...)
	b = binary.AppendUvarint(b, uint64(len(p.held)))
	for _, f := range slices.SortedFunc(maps.Keys(p.held), func(x, y *field.Field) int { return bytes.Compare([]byte(x.ID), []byte(y.ID)) }) {
		b = append(binary.AppendUvarint(b, uint64(len(f.ID))), f.ID...)
		if b, err = field.AppendBinaryValue(b, p.held[f]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// unpack returns a person of its own, which the caller may change.
func (c *carriedPeople) unpack(s *storedPerson) (*person, error) {
	in := field.NewBinaryReader(s.packed)
	p := &person{imagined: in.Uint() != 0, stored: s}
	p.Record, p.wasNamed = member.ReadRecord(in), in.String()
	for range in.Uint() {
		id := in.String()
		value := in.Value()
		if in.Err != nil {
			break
		}
		if i := slices.IndexFunc(c.fields, func(f field.Field) bool { return f.ID == id }); i >= 0 {
			if p.held == nil {
				p.held = map[*field.Field]any{}
			}
			p.held[&c.fields[i]] = value
		}
	}
	return p, in.Err
}
