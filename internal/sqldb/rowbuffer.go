package sqldb

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"
)

// RowBuffer buffers rows of one table in a compact encoding, in few large
// allocations. Values are string, int64, int, bool or nil.
type RowBuffer struct {
	table     string
	columns   []string
	firstRow  []any // most columns of a load have the same value in every row
	blocks    [][]byte
	positions []rowPosition
	bytes     int
}

// rowPosition is the start of a row.
type rowPosition struct{ block, offset uint32 }

// rowBufferBlockSize is the size of a block in bytes. A row never spans two
// blocks; a longer row has a block of its own.
const rowBufferBlockSize = 256 << 10

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
func (p *RowBuffer) Len() int { return len(p.positions) }

// Reset removes all rows and reuses their memory. It invalidates every Rows and
// string that p has returned.
func (p *RowBuffer) Reset() {
	p.firstRow, p.positions, p.bytes = nil, p.positions[:0], 0
	for i := range p.blocks {
		p.blocks[i] = p.blocks[i][:0]
	}
}

// Bytes returns the approximate size of the rows.
func (p *RowBuffer) Bytes() int { return p.bytes + 8*len(p.positions) }

// Add appends rows. All rows have the same table and columns.
func (p *RowBuffer) Add(r Rows) {
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

func (p *RowBuffer) appendValue(b []byte, column int, v any) []byte {
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
func (p *RowBuffer) store(row []byte) {
	p.bytes += len(row)
	i := 0
	if n := len(p.positions); n > 0 {
		i = int(p.positions[n-1].block)
	}
	for ; ; i++ {
		if i == len(p.blocks) {
			p.blocks = append(p.blocks, make([]byte, 0, max(rowBufferBlockSize, len(row))))
		}
		if b := p.blocks[i]; len(b)+len(row) <= cap(b) {
			p.positions = append(p.positions, rowPosition{uint32(i), uint32(len(b))})
			p.blocks[i] = append(b, row...)
			return
		}
	}
}

// Rows returns the rows in the order they were added, valid until Reset.
func (p *RowBuffer) Rows() Rows { return p.rowsAt(p.positions) }

// SortedBy returns the rows sorted by a text column, valid until Reset.
func (p *RowBuffer) SortedBy(column string) Rows {
	k := slices.Index(p.columns, column)
	type sortItem struct {
		key      string
		position rowPosition
	}
	items := make([]sortItem, len(p.positions))
	for i, position := range p.positions {
		key, _ := p.valueAt(position, k).(string)
		items[i] = sortItem{key, position}
	}
	slices.SortFunc(items, func(a, b sortItem) int { return cmp.Compare(a.key, b.key) })
	order := make([]rowPosition, len(items))
	for i := range items {
		order[i] = items[i].position
	}
	return p.rowsAt(order)
}

func (p *RowBuffer) rowsAt(positions []rowPosition) Rows {
	return Rows{Table: p.table, Columns: p.columns, N: len(positions), Fill: func(i int, row []any) {
		in := p.blocks[positions[i].block][positions[i].offset:]
		for k := range row {
			row[k], in = p.decodeValue(in, k)
		}
	}}
}

func (p *RowBuffer) valueAt(position rowPosition, column int) (v any) {
	in := p.blocks[position.block][position.offset:]
	for k := range column + 1 {
		v, in = p.decodeValue(in, k)
	}
	return v
}

// decodeValue decodes one value. Strings share the memory of the block.
func (p *RowBuffer) decodeValue(in []byte, column int) (v any, rest []byte) {
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
