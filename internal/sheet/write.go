package sheet

import (
	"bufio"
	"io"
	"strings"

	"github.com/regulars/regulars/internal/sheet/charset"
)

// Writer writes records in a detected dialect, so that rows can be returned
// corrected. A workbook becomes CSV that Excel opens without questions: UTF-8
// with a byte order mark, commas, CR LF.
type Writer struct {
	out       *bufio.Writer
	delimiter byte
	sep       bool
	eol       string
	encode    charset.Encoder
	started   bool
	record    []byte // UTF-8
	encoded   []byte
}

// NewWriter returns a Writer. The byte order mark and a sep= line are written
// with the first record.
func NewWriter(w io.Writer, d Detected) *Writer {
	if d.IsWorkbook() {
		d = Detected{Encoding: charset.UTF8BOM, LineEnding: "crlf"}
	}
	out := &Writer{out: bufio.NewWriter(w), delimiter: ',', sep: d.Sep, eol: "\n", encode: charset.NewEncoder(d.Encoding)}
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

// Write writes one record without escaping formulas, see EscapeFormula, or a blank
// line without cells. A
// character that the encoding lacks becomes a question mark.
func (w *Writer) Write(cells []string) error {
	w.record = w.record[:0]
	if !w.started {
		w.started = true
		w.record = append(w.record, w.encode.BOM...)
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
	w.encoded = w.encode.Append(w.encoded[:0], w.record)
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
