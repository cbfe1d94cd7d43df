package sqldb

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"
)

// Packed are rows of one table that wait, in much less memory than the values
// they were filled from, and in few pieces of it. Values may be string, int64,
// int, bool or nil.
type Packed struct {
	table   string
	columns []string
	first   []any // of the first row; most columns of a load are the same in every row
	blocks  [][]byte
	at      []place
	bytes   int
}

// place is where a row begins.
type place struct{ block, offset uint32 }

// packedBlock is the size of a block; a row never spans two.
const packedBlock = 256 << 10

const (
	packedFirst = iota // the same as in the first row
	packedNil
	packedFalse
	packedTrue
	packedInt
	packedText
)

// Len is the number of rows.
func (p *Packed) Len() int { return len(p.at) }

// Reset forgets the rows and keeps their memory for others. What was asked of
// p before is not good any more.
func (p *Packed) Reset() {
	p.first, p.at, p.bytes = nil, p.at[:0], 0
	for i := range p.blocks {
		p.blocks[i] = p.blocks[i][:0]
	}
}

// Bytes is how much memory the rows need, about.
func (p *Packed) Bytes() int { return p.bytes + 8*len(p.at) }

// Add packs rows. All that are added are of the same table and columns.
func (p *Packed) Add(r Rows) {
	p.table, p.columns = r.Table, r.Columns
	row := make([]any, len(r.Columns))
	var packed []byte
	for i := range r.N {
		r.Fill(i, row)
		if p.first == nil {
			p.first = slices.Clone(row)
		}
		packed = packed[:0]
		for k, v := range row {
			packed = p.appendValue(packed, k, v)
		}
		p.keep(packed)
	}
}

func (p *Packed) appendValue(packed []byte, column int, v any) []byte {
	if v == p.first[column] {
		return append(packed, packedFirst)
	}
	switch v := v.(type) {
	case string:
		packed = binary.AppendUvarint(append(packed, packedText), uint64(len(v)))
		return append(packed, v...)
	case int64:
		return binary.AppendVarint(append(packed, packedInt), v)
	case int:
		return binary.AppendVarint(append(packed, packedInt), int64(v))
	case bool:
		if v {
			return append(packed, packedTrue)
		}
		return append(packed, packedFalse)
	case nil:
		return append(packed, packedNil)
	}
	panic(fmt.Sprintf("sqldb: a %T cannot be packed", v)) //nolint:forbidigo // a mistake in the program
}

// keep puts a packed row into the first block with room for it.
func (p *Packed) keep(row []byte) {
	p.bytes += len(row)
	i := 0
	if n := len(p.at); n > 0 {
		i = int(p.at[n-1].block)
	}
	for ; ; i++ {
		if i == len(p.blocks) {
			p.blocks = append(p.blocks, make([]byte, 0, max(packedBlock, len(row))))
		}
		if b := p.blocks[i]; len(b)+len(row) <= cap(b) {
			p.at = append(p.at, place{uint32(i), uint32(len(b))})
			p.blocks[i] = append(b, row...)
			return
		}
	}
}

// Rows are the rows in the order they were added. They are good until Reset.
func (p *Packed) Rows() Rows { return p.inOrder(p.at) }

// SortedBy are the rows in the order of one column of text.
func (p *Packed) SortedBy(column string) Rows {
	k := slices.Index(p.columns, column)
	type keyed struct {
		key string
		at  place
	}
	list := make([]keyed, len(p.at))
	for i, at := range p.at {
		key, _ := p.value(at, k).(string)
		list[i] = keyed{key, at}
	}
	slices.SortFunc(list, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	order := make([]place, len(list))
	for i := range list {
		order[i] = list[i].at
	}
	return p.inOrder(order)
}

func (p *Packed) inOrder(order []place) Rows {
	return Rows{Table: p.table, Columns: p.columns, N: len(order), Fill: func(i int, row []any) {
		in := p.blocks[order[i].block][order[i].offset:]
		for k := range row {
			row[k], in = p.next(in, k)
		}
	}}
}

func (p *Packed) value(at place, column int) (v any) {
	in := p.blocks[at.block][at.offset:]
	for k := range column + 1 {
		v, in = p.next(in, k)
	}
	return v
}

// next reads a value. Texts point into the block.
func (p *Packed) next(in []byte, column int) (v any, rest []byte) {
	kind, in := in[0], in[1:]
	switch kind {
	case packedFirst:
		return p.first[column], in
	case packedFalse, packedTrue:
		return kind == packedTrue, in
	case packedInt:
		n, size := binary.Varint(in)
		return n, in[size:]
	case packedText:
		n, size := binary.Uvarint(in)
		in = in[size:]
		return unsafe.String(unsafe.SliceData(in), int(n)), in[n:]
	}
	return nil, in
}
