package sheet

import (
	"bufio"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Writer writes records in a detected dialect, so that rows can be returned
// corrected. A workbook becomes CSV that Excel opens without questions: UTF-8
// with a byte order mark, commas, CR LF.
type Writer struct {
	out       *bufio.Writer
	delimiter byte
	sep       bool
	eol       string
	encode    encoder
	started   bool
	record    []byte // UTF-8
	encoded   []byte
}

// NewWriter returns a Writer. The byte order mark and a sep= line are written
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

// Write writes one record without escaping formulas; see EscapeFormula. A
// character that the encoding lacks becomes a question mark.
func (w *Writer) Write(cells []string) error {
	w.record = w.record[:0]
	if !w.started {
		w.started = true
		w.record = append(w.record, w.encode.bom...)
		if w.sep {
			w.record = append(w.record, "sep="+string(w.delimiter)+w.eol...)
		}
	}
	for i, cell := range cells {
		if i > 0 {
			w.record = append(w.record, w.delimiter)
		}
		w.appendCell(cell, len(cells) == 1)
	}
	w.record = append(w.record, w.eol...)
	w.encoded = w.encode.append(w.encoded[:0], w.record)
	_, err := w.out.Write(w.encoded)
	return err
}

// appendCell appends a cell and quotes it if it would not read back unchanged.
func (w *Writer) appendCell(cell string, only bool) {
	bare := !strings.ContainsAny(cell, "\"\r\n\x1a") && strings.IndexByte(cell, w.delimiter) < 0
	if bare && !(only && (cell == "" || strings.HasPrefix(strings.ToLower(cell), "sep="))) {
		w.record = append(w.record, cell...)
		return
	}
	w.record = append(w.record, '"')
	w.record = append(w.record, strings.ReplaceAll(cell, `"`, `""`)...)
	w.record = append(w.record, '"')
}

// Flush writes any buffered data to the underlying writer.
func (w *Writer) Flush() error { return w.out.Flush() }

// encoder converts UTF-8 to another encoding.
type encoder struct {
	bom   string // byte order mark as UTF-8
	order binary.AppendByteOrder
	table map[rune]byte // nil for UTF-8 and UTF-16
}

func newEncoder(encoding string) encoder {
	const mark = "\ufeff"
	switch encoding {
	case "", utf8Plain:
		return encoder{}
	case utf8BOM:
		return encoder{bom: mark}
	case utf16LE:
		return encoder{bom: mark, order: binary.LittleEndian}
	case utf16BE:
		return encoder{bom: mark, order: binary.BigEndian}
	}
	table := map[rune]byte{}
	for b, r := range decodeTable(encoding) {
		if r != utf8.RuneError {
			table[r] = byte(b)
		}
	}
	return encoder{table: table}
}

// append adds s, which is UTF-8, to out.
func (e *encoder) append(out, s []byte) []byte {
	switch {
	case e.order != nil:
		for _, r := range string(s) {
			if first, second := utf16.EncodeRune(r); first != utf8.RuneError {
				out = e.order.AppendUint16(out, uint16(first))
				r = second
			}
			out = e.order.AppendUint16(out, uint16(r))
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
