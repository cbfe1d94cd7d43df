// Package rowbuffer buffers rows of one table in little memory.
package rowbuffer

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"github.com/regulars/regulars/internal/sqldb"
)

// Buffer buffers rows of one table in a compact encoding, in few large
// allocations. Values are string, int64, int, bool or nil.
type Buffer struct {
	table     string
	columns   []string
	firstRow  []any // most columns of a load have the same value in every row
	blocks    [][]byte
	positions []place
	bytes     int
}

// place is where a row begins.
type place struct{ block, offset uint32 }

// blockSize is the size of a block in bytes. A row never spans two
// blocks; a longer row has a block of its own.
const blockSize = 256 << 10

// The first byte of an encoded value.
const (
	valueSameAsFirst = iota // equal to the value of firstRow
	valueNil
	valueFalse
	valueTrue
	valueInt
	valueText
)

// Len returns the number of rows.
func (p *Buffer) Len() int { return len(p.positions) }

// Reset removes all rows and reuses their memory. It invalidates every sqldb.Rows and
// string that p has returned.
func (p *Buffer) Reset() {
	p.firstRow, p.positions, p.bytes = nil, p.positions[:0], 0
	for i := range p.blocks {
		p.blocks[i] = p.blocks[i][:0]
	}
}

// Bytes returns the approximate size of the rows.
func (p *Buffer) Bytes() int { return p.bytes + 8*len(p.positions) }

// Add appends rows. All rows have the same table and columns.
func (p *Buffer) Add(r sqldb.Rows) {
	p.table, p.columns = r.Table, r.Columns
	row := make([]any, len(r.Columns))
	var encoded []byte
	for i := range r.N {
		r.Fill(i, row)
		if p.firstRow == nil {
			p.firstRow = slices.Clone(row)
		}
		encoded = encoded[:0]
		for k, v := range row {
			encoded = p.appendValue(encoded, k, v)
		}
		p.store(encoded)
	}
}

func (p *Buffer) appendValue(b []byte, column int, v any) []byte {
	if v == p.firstRow[column] {
		return append(b, valueSameAsFirst)
	}
	switch v := v.(type) {
	case string:
		b = binary.AppendUvarint(append(b, valueText), uint64(len(v)))
		return append(b, v...)
	case int64:
		return binary.AppendVarint(append(b, valueInt), v)
	case int:
		return binary.AppendVarint(append(b, valueInt), int64(v))
	case bool:
		if v {
			return append(b, valueTrue)
		}
		return append(b, valueFalse)
	case nil:
		return append(b, valueNil)
	}
	panic(fmt.Sprintf("sqldb: unsupported value type %T", v)) //nolint:forbidigo // a programming error
}

// store appends an encoded row to the first block with room for it.
func (p *Buffer) store(row []byte) {
	p.bytes += len(row)
	i := 0
	if n := len(p.positions); n > 0 {
		i = int(p.positions[n-1].block)
	}
	for ; ; i++ {
		if i == len(p.blocks) {
			p.blocks = append(p.blocks, make([]byte, 0, max(blockSize, len(row))))
		}
		if b := p.blocks[i]; len(b)+len(row) <= cap(b) {
			p.positions = append(p.positions, place{uint32(i), uint32(len(b))})
			p.blocks[i] = append(b, row...)
			return
		}
	}
}

// Rows returns the rows in the order they were added, valid until Reset.
func (p *Buffer) Rows() sqldb.Rows { return p.rowsAt(p.positions) }

// SortedBy returns the rows sorted by a text column, valid until Reset.
func (p *Buffer) SortedBy(column string) sqldb.Rows {
	k := slices.Index(p.columns, column)
	type sortItem struct {
		key string
		at  place
	}
	items := make([]sortItem, len(p.positions))
	for i, position := range p.positions {
		key, _ := p.valueAt(position, k).(string)
		items[i] = sortItem{key, position}
	}
	slices.SortFunc(items, func(a, b sortItem) int { return cmp.Compare(a.key, b.key) })
	order := make([]place, len(items))
	for i := range items {
		order[i] = items[i].at
	}
	return p.rowsAt(order)
}

func (p *Buffer) rowsAt(positions []place) sqldb.Rows {
	return sqldb.Rows{Table: p.table, Columns: p.columns, N: len(positions), Fill: func(i int, row []any) {
		in := p.blocks[positions[i].block][positions[i].offset:]
		for k := range row {
			row[k], in = p.decodeValue(in, k)
		}
	}}
}

func (p *Buffer) valueAt(at place, column int) (v any) {
	in := p.blocks[at.block][at.offset:]
	for k := range column + 1 {
		v, in = p.decodeValue(in, k)
	}
	return v
}

// decodeValue decodes one value. Strings share the memory of the block.
func (p *Buffer) decodeValue(in []byte, column int) (v any, rest []byte) {
	kind, in := in[0], in[1:]
	switch kind {
	case valueSameAsFirst:
		return p.firstRow[column], in
	case valueFalse, valueTrue:
		return kind == valueTrue, in
	case valueInt:
		n, size := binary.Varint(in)
		return n, in[size:]
	case valueText:
		n, size := binary.Uvarint(in)
		in = in[size:]
		return unsafe.String(unsafe.SliceData(in), int(n)), in[n:]
	}
	return nil, in
}
