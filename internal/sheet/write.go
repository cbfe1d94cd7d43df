package sheet

import (
	"bufio"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Writer writes records as a detected file has them, so that what was read
// can be given back corrected. A workbook is answered with what Excel opens
// without questions: UTF-8 with a byte order mark, commas, CR LF.
type Writer struct {
	out       *bufio.Writer
	delimiter byte
	sep       bool
	eol       string
	encode    encoder
	begun     bool
	record    []byte // UTF-8
	encoded   []byte
}

// NewWriter returns a Writer; the byte order mark and a sep= line are written
// with the first record.
func NewWriter(w io.Writer, d Detected) *Writer {
	if d.Format == "xlsx" {
		d = Detected{Encoding: utf8BOM, LineEnding: "crlf"}
	}
	out := &Writer{out: bufio.NewWriter(w), delimiter: ',', sep: d.Sep, eol: "\n", encode: newEncoder(d.Encoding)}
	if len(d.Delimiter) == 1 {
		out.delimiter = d.Delimiter[0]
	}
	switch d.LineEnding {
	case "crlf":
		out.eol = "\r\n"
	case "cr":
		out.eol = "\r"
	}
	return out
}

// Write writes one record as it is; see Neutralise. A character that the
// encoding lacks becomes a question mark.
func (w *Writer) Write(cells []string) error {
	w.record = w.record[:0]
	if !w.begun {
		w.begun = true
		w.record = append(w.record, w.encode.mark...)
		if w.sep {
			w.record = append(w.record, "sep="+string(w.delimiter)+w.eol...)
		}
	}
	for i, cell := range cells {
		if i > 0 {
			w.record = append(w.record, w.delimiter)
		}
		w.cell(cell, len(cells) == 1)
	}
	w.record = append(w.record, w.eol...)
	w.encoded = w.encode.append(w.encoded[:0], w.record)
	_, err := w.out.Write(w.encoded)
	return err
}

// cell appends a cell, in quotes where it would not be read back as it is.
func (w *Writer) cell(cell string, only bool) {
	bare := !strings.ContainsAny(cell, "\"\r\n\x1a") && strings.IndexByte(cell, w.delimiter) < 0
	if bare && !(only && (cell == "" || strings.HasPrefix(strings.ToLower(cell), "sep="))) {
		w.record = append(w.record, cell...)
		return
	}
	w.record = append(w.record, '"')
	w.record = append(w.record, strings.ReplaceAll(cell, `"`, `""`)...)
	w.record = append(w.record, '"')
}

// Flush writes what is buffered.
func (w *Writer) Flush() error { return w.out.Flush() }

// encoder writes UTF-8 in another encoding.
type encoder struct {
	mark  string // byte order mark as UTF-8
	wide  binary.AppendByteOrder
	table map[rune]byte // nil: UTF-8, or UTF-16 when wide
}

func newEncoder(encoding string) encoder {
	const mark = "\ufeff"
	switch encoding {
	case "", utf8Plain:
		return encoder{}
	case utf8BOM:
		return encoder{mark: mark}
	case utf16LE:
		return encoder{mark: mark, wide: binary.LittleEndian}
	case utf16BE:
		return encoder{mark: mark, wide: binary.BigEndian}
	}
	table := map[rune]byte{}
	for b, r := range singleByte(encoding) {
		if r != utf8.RuneError {
			table[r] = byte(b)
		}
	}
	return encoder{table: table}
}

// append adds s, which is UTF-8, to out.
func (e *encoder) append(out, s []byte) []byte {
	switch {
	case e.wide != nil:
		for _, r := range string(s) {
			if first, second := utf16.EncodeRune(r); first != utf8.RuneError {
				out = e.wide.AppendUint16(out, uint16(first))
				r = second
			}
			out = e.wide.AppendUint16(out, uint16(r))
		}
		return out
	case e.table != nil:
		for _, r := range string(s) {
			b, ok := e.table[r]
			if !ok {
				b = '?'
			}
			out = append(out, b)
		}
		return out
	}
	return append(out, s...)
}
